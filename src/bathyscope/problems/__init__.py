"""Problems with known answers: made, or read from files of other people's."""
