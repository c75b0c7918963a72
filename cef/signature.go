package cef

// The signatures of the Python package cef, which ArcSight at Mozilla was taught.
const (
	AuthFailure          = "AuthFail"             // a wrong name or password
	CaptchaFailure       = "CaptchaFail"          // a CAPTCHA not solved
	OverrideFailure      = "InvalidAdmin"         // no right to act for others
	AccountLocked        = "AccountLockout"       // too many tries
	PasswordResetCleared = "PasswordResetCleared" //nolint:gosec // a password's reset was called off
)
