"""Maps computed again from what their files say of them."""
