package ejabberd

import (
	"bytes"
	"encoding/json"
	"encoding/xml"
	"unicode/utf8"

	"switchboard/vendors"
)

// namespace is that of the elements in which our contents travel: a client has to know
// them (docs/vendors/ejabberd.md#what-a-client-decodes).
const namespace = "urn:switchboard:im:0"

// stanza is one message as it is sent.
type stanza struct {
	XMLName xml.Name  `xml:"message"`
	Type    string    `xml:"type,attr"`
	ID      string    `xml:"id,attr"`
	Body    string    `xml:"body,omitempty"`
	Tip     *element  `xml:"tip"`
	Command *element  `xml:"command"`
	Custom  *element  `xml:"custom"`
	Extra   *element  `xml:"extra"`
	System  *element  `xml:"system"`
	Hint    *hint     `xml:",any"`
	Origin  *originID `xml:"origin-id"`
}

type element struct {
	Space string `xml:"xmlns,attr"`
	Name  string `xml:"name,attr,omitempty"`
	Type  string `xml:"type,attr,omitempty"`
	Text  string `xml:",chardata"`
}

type originID struct {
	Space string `xml:"xmlns,attr"`
	ID    string `xml:"id,attr"`
}

// hint tells the server whether to keep a message (XEP-0334).
type hint struct {
	XMLName xml.Name
	Space   string `xml:"xmlns,attr"`
}

// The hints. A message without a body is kept only when it says so.
var (
	store   = &hint{xml.Name{Local: "store"}, "urn:xmpp:hints"}
	noStore = &hint{xml.Name{Local: "no-store"}, "urn:xmpp:hints"}
)

// fill puts c into the message, each kind in its own form, and returns what counts as
// its size.
func (a *adapter) fill(op string, s *stanza, c vendors.Content, transient bool) (content string, err error) {
	if len(c.Data) > 0 && !json.Valid(c.Data) {
		return "", a.refuse(op, vendors.ErrInvalid, "the data is not JSON")
	}
	for _, text := range []string{c.Text, c.Name, c.Type, c.Extra} {
		if !isXML(text) {
			return "", a.refuse(op, vendors.ErrInvalid, "a character that XML does not have")
		}
	}
	s.Hint = store
	switch c.Kind {
	case vendors.Text:
		s.Body = c.Text
	case vendors.Tip:
		s.Tip = &element{Space: namespace, Text: c.Text}
	case vendors.Command:
		s.Command, s.Hint = &element{Space: namespace, Name: c.Name, Text: string(c.Data)}, noStore
	case vendors.Custom:
		if c.Type == "" || len(c.Data) == 0 {
			return "", a.refuse(op, vendors.ErrInvalid, "a custom message needs a type and data")
		}
		s.Custom = &element{Space: namespace, Type: c.Type, Text: string(c.Data)}
	default:
		return "", a.refuse(op, vendors.ErrUnsupported, "no such kind of content")
	}
	if transient {
		s.Hint = noStore
	}
	if c.Extra != "" {
		s.Extra = &element{Space: namespace, Text: c.Extra}
	}
	return c.Text + c.Name + c.Type + string(c.Data) + c.Extra, nil
}

// isXML reports whether XML 1.0 has every character of s; an encoder would replace the
// others without a word.
func isXML(s string) bool {
	if !utf8.ValidString(s) {
		return false
	}
	for _, r := range s {
		switch {
		case r == '\t' || r == '\n' || r == '\r':
		case r < ' ' || 0xFFFE <= r && r <= 0xFFFF:
			return false
		}
	}
	return true
}

// encode is the message as XML; its texts were found to be good.
func (s *stanza) encode() string {
	var b bytes.Buffer
	_ = xml.NewEncoder(&b).Encode(s)
	return b.String()
}

// with joins two sets of arguments.
func (in args) with(more args) args {
	out := args{}
	for k, v := range in {
		out[k] = v
	}
	for k, v := range more {
		out[k] = v
	}
	return out
}
