package environ

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"slices"
	"strings"
)

const (
	fileSuffix = "_FILE"
	fileLimit  = 1 << 20 // bytes of a value
)

// readFiles sets each known variable whose value stands in a file, as secrets do that an
// orchestrator mounts; the line end after the value is not part of it. restore puts the
// environment back.
func readFiles(known []string) (restore func(), errs []error) {
	var set []string
	for _, key := range known {
		file, named := os.LookupEnv(key + fileSuffix)
		if !named || slices.Contains(known, key+fileSuffix) {
			continue
		}
		if _, both := os.LookupEnv(key); both {
			errs = append(errs, fmt.Errorf("%s%s: %s is set too", key, fileSuffix, key))
			continue
		}
		value, err := readValue(file)
		if err != nil {
			errs = append(errs, fmt.Errorf("%s%s: %w", key, fileSuffix, err))
			continue
		}
		os.Setenv(key, value)
		set = append(set, key)
	}
	return func() {
		for _, key := range set {
			os.Unsetenv(key)
		}
	}, errs
}

// readValue reads a file's text. The error does not repeat the path: it may be a secret
// that was set in place of its file's name.
func readValue(file string) (string, error) {
	f, err := os.Open(file)
	if err != nil {
		return "", reasonOf(err)
	}
	defer f.Close()
	text, err := io.ReadAll(io.LimitReader(f, fileLimit+1))
	switch {
	case err != nil:
		return "", reasonOf(err)
	case len(text) > fileLimit:
		return "", fmt.Errorf("the file has more than %d bytes", fileLimit)
	case strings.ContainsRune(string(text), 0):
		return "", errors.New("the file has a zero byte")
	}
	return strings.TrimRight(string(text), "\r\n"), nil
}

func reasonOf(err error) error {
	if path := new(fs.PathError); errors.As(err, &path) {
		return fmt.Errorf("the file that it names cannot be read: %w", path.Err)
	}
	return err
}
