"""Attribution: which operator hypothesis a ring supports, which known operator, and what the error control allows."""
