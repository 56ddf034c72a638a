package mock

import (
	"net/url"
	"strings"
)

// ParseForm reads an urlencoded form or query the way a forgiving server does:
// what is not a valid escape stands for itself, and only "&" separates.
func ParseForm(text string) url.Values {
	values := url.Values{}
	for pair := range strings.SplitSeq(text, "&") {
		if pair == "" {
			continue
		}
		name, value, _ := strings.Cut(pair, "=")
		name = unescape(name)
		values[name] = append(values[name], unescape(value))
	}
	return values
}

func unescape(s string) string {
	if u, err := url.QueryUnescape(s); err == nil {
		return u
	}
	return s
}

// merge puts the values of b behind those of a.
func merge(a, b url.Values) url.Values {
	all := url.Values{}
	for _, m := range []url.Values{a, b} {
		for name, values := range m {
			all[name] = append(all[name], values...)
		}
	}
	return all
}
