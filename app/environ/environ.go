// Package environ reads a configuration from the environment. It tells every
// mistake at once, each with the variable's full name and never with its value,
// which may be a secret.
package environ

import (
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"

	"github.com/kelseyhightower/envconfig"
)

// Load fills cfg, a pointer to a struct, from the variables that begin with prefix and an underscore. A
// variable that cfg does not know is a mistake, unless its name begins with
// ignored. The value of any variable may stand in a file: the variable of its name and
// _FILE names that.
func Load(prefix string, cfg any, ignored string) error {
	known := Names(prefix, cfg)
	restore, errs := readFiles(known)
	defer restore()
	for _, entry := range os.Environ() {
		name, _, _ := strings.Cut(entry, "=")
		if strings.HasPrefix(name, prefix+"_") && !strings.HasPrefix(name, ignored) && !slices.Contains(known, name) && !slices.Contains(known, strings.TrimSuffix(name, fileSuffix)) {
			errs = append(errs, fmt.Errorf("%s: no such variable: did you mean %s?", name, nearest(name, known)))
		}
	}
	slices.SortFunc(errs, func(a, b error) int { return strings.Compare(a.Error(), b.Error()) })
	return errors.Join(append(errs, process(prefix, cfg)...)...)
}

// process returns every value that cannot be read. The library stops at the first,
// so that one is taken out of the environment until the others are known.
func process(prefix string, cfg any) (errs []error) {
	for {
		err := envconfig.Process(prefix, cfg)
		var bad *envconfig.ParseError
		if !errors.As(err, &bad) {
			return append(errs, err)
		}
		errs = append(errs, fmt.Errorf("%s: %s", bad.KeyName, reason(bad)))
		value, set := os.LookupEnv(bad.KeyName)
		if !set {
			return errs // the default cannot be read
		}
		os.Unsetenv(bad.KeyName)
		defer os.Setenv(bad.KeyName, value)
	}
}

// reason says what is wrong with a value. The errors of the library repeat the
// value; those of decoders of this program's own types do not.
func reason(bad *envconfig.ParseError) string {
	switch bad.TypeName {
	case "time.Duration":
		return "want a time such as 500ms or 10s"
	case "slog.Level":
		return "want debug, info, warn or error"
	case "bool":
		return "want true or false"
	case "map[string]string":
		return "want name:value pairs, comma separated"
	}
	switch {
	case strings.HasPrefix(bad.TypeName, "int"):
		return "want a whole number"
	case strings.Contains(bad.TypeName, "."):
		return bad.Err.Error()
	}
	return "not a valid " + bad.TypeName
}

// Named puts the beginning of the variables' names before each of the errors that
// err joins; nil when there is none. The errors begin with the rest of a name.
func Named(prefix string, err error) error {
	if joined, ok := err.(interface{ Unwrap() []error }); ok {
		var named []error
		for _, e := range joined.Unwrap() {
			named = append(named, Named(prefix, e))
		}
		return errors.Join(named...)
	}
	if err == nil {
		return nil
	}
	return fmt.Errorf("%s%w", prefix, err)
}

// nearest returns the known name that takes the fewest edits to reach.
func nearest(name string, known []string) string {
	return slices.MinFunc(known, func(a, b string) int { return distance(name, a) - distance(name, b) })
}

// distance is how many bytes have to be inserted, removed or replaced to make a
// into b (Levenshtein).
func distance(a, b string) int {
	row := make([]int, len(b)+1) // of a's beginning against each beginning of b
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		left, diagonal := i+1, row[0]
		row[0] = left
		for j := range len(b) {
			cost := diagonal
			if a[i] != b[j] {
				cost++
			}
			diagonal = row[j+1]
			left = min(cost, diagonal+1, left+1)
			row[j+1] = left
		}
	}
	return row[len(b)]
}
