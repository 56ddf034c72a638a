package ticket

import (
	"errors"
	"fmt"
	"reflect"
	"strconv"
	"strings"
	"time"
)

// ParseConfig lays values over the defaults. An unknown key, a bad value or a set
// that cannot work is an error that names it.
func ParseConfig(values map[string]string) (Config, error) {
	cfg := DefaultConfig()
	fields := map[string]reflect.Value{}
	v := reflect.ValueOf(&cfg).Elem()
	for i := range v.NumField() {
		if !v.Type().Field(i).IsExported() {
			continue
		}
		fields["pair."+v.Type().Field(i).Tag.Get("key")] = v.Field(i)
	}
	var errs []error
	for k, raw := range values {
		f, ok := fields[k]
		if !ok {
			errs = append(errs, fmt.Errorf("%s: no such key", k))
		} else if err := set(f, inMilliseconds(k, raw)); err != nil {
			errs = append(errs, fmt.Errorf("%s: %w", k, err))
		}
	}
	if err := errors.Join(errs...); err != nil {
		return Config{}, err
	}
	if err := cfg.Validate(); err != nil {
		return Config{}, err
	}
	cfg.id = cfg.ID()
	return cfg, nil
}

// inMilliseconds gives a bare number its unit where the key names one.
func inMilliseconds(key, raw string) string {
	if _, err := strconv.ParseInt(raw, 10, 64); err == nil && strings.HasSuffix(key, "_ms") {
		return raw + "ms"
	}
	return raw
}

func set(f reflect.Value, raw string) error {
	switch p := f.Addr().Interface().(type) {
	case *string:
		*p = raw
	case *bool:
		return parse(p, raw, strconv.ParseBool)
	case *int:
		return parse(p, raw, strconv.Atoi)
	case *int64:
		return parse(p, raw, func(s string) (int64, error) { return strconv.ParseInt(s, 10, 64) })
	case *float64:
		return parse(p, raw, func(s string) (float64, error) { return strconv.ParseFloat(s, 64) })
	case *time.Duration:
		return parse(p, raw, time.ParseDuration)
	case *[]time.Duration:
		return parse(p, raw, parseDurations)
	}
	return nil
}

func parse[T any](to *T, raw string, read func(string) (T, error)) error {
	v, err := read(raw)
	if err == nil {
		*to = v
	}
	return err
}

func parseDurations(raw string) ([]time.Duration, error) {
	var out []time.Duration
	for part := range strings.FieldsFuncSeq(raw, func(r rune) bool { return r == ',' || r == ';' }) {
		if part = strings.TrimSpace(part); part == "" {
			continue
		}
		d, err := time.ParseDuration(part)
		if err != nil {
			return nil, err
		}
		out = append(out, d)
	}
	return out, nil
}
