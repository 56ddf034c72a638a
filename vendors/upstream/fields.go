package upstream

import (
	"bufio"
	"net/url"
	"slices"
	"strings"
)

// Fields are the names and values of a form, a query or a header, in the order in
// which they are sent. A vendor call has few of them, so that a list costs less
// than a map in every way: to make, to copy, to search and to send.
type Fields [][2]string

// Get returns the first value of name, or "".
func (f Fields) Get(name string) string {
	for _, field := range f {
		if field[0] == name {
			return field[1]
		}
	}
	return ""
}

// Set gives name this value; it must not have several.
func (f *Fields) Set(name, value string) {
	for i := range *f {
		if (*f)[i][0] == name {
			(*f)[i][1] = value
			return
		}
	}
	*f = append(*f, [2]string{name, value})
}

// With returns f and one field more for each of values.
func (f Fields) With(name string, values ...string) Fields {
	f = slices.Grow(f, len(values))
	for _, v := range values {
		f = append(f, [2]string{name, v})
	}
	return f
}

// copied is a copy with room for more.
func (f Fields) copied(more int) Fields {
	return append(make(Fields, 0, len(f)+more), f...)
}

// Encode is f as a form and a query are sent.
func (f Fields) Encode() string {
	size := 0
	for _, field := range f {
		size += len(field[0]) + 3*len(field[1]) + len("=&")
	}
	var b strings.Builder
	b.Grow(size)
	for i, field := range f {
		if i > 0 {
			b.WriteByte('&')
		}
		b.WriteString(url.QueryEscape(field[0]))
		b.WriteByte('=')
		b.WriteString(url.QueryEscape(field[1]))
	}
	return b.String()
}

// oneLine keeps a value from beginning a header of its own.
var oneLine = strings.NewReplacer("\r", " ", "\n", " ")

// writeHeader writes f as the headers of a request; w keeps its first error.
func (f Fields) writeHeader(w *bufio.Writer) {
	for _, field := range f {
		w.WriteString(field[0])
		w.WriteString(": ")
		w.WriteString(oneLine.Replace(field[1]))
		w.WriteString("\r\n")
	}
}
