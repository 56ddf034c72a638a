package vendors

import "strings"

// SettingError says what is wrong with one setting of a vendor's account. An
// adapter knows its settings' names alone, "APP_SECRET"; whoever read them knows
// what they are called where they stand.
type SettingError struct {
	Setting string
	Problem string // "is required with"; holds no value
	With    string // the other setting that Problem ends in; empty: none
}

// Error names the settings as the adapter does.
func (e *SettingError) Error() string { return e.Named(func(s string) string { return s }) }

// Named is the text with every setting's name as name spells it.
func (e *SettingError) Named(name func(setting string) string) string {
	words := []string{name(e.Setting), e.Problem}
	if e.With != "" {
		words = append(words, name(e.With))
	}
	return strings.Join(words, " ")
}
