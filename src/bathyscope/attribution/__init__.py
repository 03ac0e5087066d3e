"""Attribution: what each part of a prompt did to each token of its continuation."""
