package rongcloud

import (
	"encoding/json"
	"maps"
	"strconv"
	"strings"
	"time"

	"switchboard/mocks/mock"
)

// request reads the parameters of a call, whether they came as a form or as
// JSON. The openapi has been checked: what is required is there, and a number
// is a number.
type request struct {
	*mock.Call
}

// forgive reads what chooses the account and drops empty form values: the SDKs
// send optional parameters empty, which the vendor takes as left out.
func forgive(c *mock.Call) {
	c.Key = signedBy(c.Request).key
	maps.DeleteFunc(c.Values, func(name string, values []string) bool {
		kept := values[:0]
		for _, v := range values {
			if v != "" {
				kept = append(kept, v)
			}
		}
		c.Values[name] = kept
		return len(kept) == 0
	})
	r := request{c}
	for _, name := range []string{"fromUserId", "userId"} {
		if u := r.text(name); u != "" && c.User == "" {
			c.User = u
		}
	}
}

// has reports whether a form parameter was given, with something in it.
func (r request) has(name string) bool { return r.Values.Has(name) }

// text is a parameter as text, the first of several; "" when it was left out.
func (r request) text(name string) string {
	if r.JSON == nil {
		return r.Values.Get(name)
	}
	switch v := r.JSON[name].(type) {
	case string:
		return v
	case float64:
		return strconv.FormatFloat(v, 'f', -1, 64)
	case bool:
		return strconv.FormatBool(v)
	}
	return ""
}

// list is every value of a repeated parameter or of a JSON array.
func (r request) list(name string) []string {
	if r.JSON == nil {
		return r.Values[name]
	}
	if s, ok := r.JSON[name].(string); ok {
		return []string{s}
	}
	var out []string
	values, _ := r.JSON[name].([]any)
	for _, v := range values {
		if s, ok := v.(string); ok {
			out = append(out, s)
		}
	}
	return out
}

// objects is the JSON objects of an array.
func (r request) objects(name string) []map[string]any {
	list, _ := r.JSON[name].([]any)
	var out []map[string]any
	for _, v := range list {
		if m, ok := v.(map[string]any); ok {
			out = append(out, m)
		}
	}
	return out
}

// text is a member of a JSON object as text; "" for anything else.
func text(v any) string {
	s, _ := v.(string)
	return s
}

// number is a whole number, or otherwise when it was left out.
func (r request) number(name string, otherwise int) int {
	if n, err := strconv.Atoi(r.text(name)); err == nil {
		return n
	}
	return otherwise
}

// count is a number that cannot be 0: an SDK that sends 0 leaves it out.
func (r request) count(name string, otherwise int) int {
	if n := r.number(name, otherwise); n != 0 {
		return n
	}
	return otherwise
}

// yes reads a truth value in any of the SDKs' spellings: 1, true, True.
func (r request) yes(name string) bool {
	t := r.text(name)
	return t == "1" || strings.EqualFold(t, "true")
}

// until is the end of a ban of the parameter minute; 0 minutes: for good.
func (r request) until() time.Time {
	m := r.number("minute", 0)
	if m == 0 {
		return forGood
	}
	return r.Now.Add(time.Duration(m) * time.Minute)
}

// forGood stands for a ban without an end, which the vendor does not have.
var forGood = time.Date(9999, 1, 1, 0, 0, 0, 0, time.UTC)

// clock is the vendor's way to print a time: its own zone is China's.
func clock(t time.Time) string { return t.In(china).Format(time.DateTime) }

var china = time.FixedZone("CST", 8*60*60)

// pairs reads a JSON object of texts from a parameter.
func (r request) pairs(name string) (map[string]string, *failure) {
	var out map[string]string
	if json.Unmarshal([]byte(r.text(name)), &out) != nil || len(out) == 0 {
		return nil, badParameter(name, "is not a JSON object of texts")
	}
	return out, nil
}
