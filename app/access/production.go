package access

import (
	"errors"
	"fmt"
	"slices"

	"switchboard/vendors"
)

// What production wants of keys at least, in bytes. An app's key opens one app,
// the operators' key all of them.
const (
	MinAppKey   = 16
	MinAdminKey = 32
)

// samples are the keys that stand in documents and in the sandbox.
var samples = []string{"master", "sandbox", "sandbox-only-secret", "0123456789abcdef"}

// CheckKey refuses a key that is shorter than min bytes, repeats one byte, or stands
// in a document.
func CheckKey(key vendors.Secret, min int) error {
	text := key.Reveal()
	switch {
	case slices.Contains(samples, text):
		return errors.New("is one of the documents' samples")
	case len(text) < min:
		return fmt.Errorf("needs at least %d bytes in production", min)
	case len(slices.Compact([]byte(text))) == 1:
		return errors.New("is one character again and again")
	}
	return nil
}

// Production returns every mistake that only production minds; each begins with the
// variable's name.
func (c Config) Production() error {
	var errs []error
	for _, a := range c.Apps {
		if err := CheckKey(a.Key, MinAppKey); err != nil {
			errs = append(errs, fmt.Errorf("APPS: app %s: key %w", a.ID, err))
		}
		if err := CheckKey(a.JWTSecret, minSecret); err != nil {
			errs = append(errs, fmt.Errorf("APPS: app %s: jwt_secret %w", a.ID, err))
		}
		if a.Open && !a.OpenMeant {
			errs = append(errs, fmt.Errorf("APPS: app %s: token_required false lets anybody read every conversation; say open true as well if that is meant", a.ID))
		}
	}
	return errors.Join(errs...)
}
