package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/fasthttp/websocket"
)

// curl reads a command line of the documents: the options that they use, quoted
// as a shell has it.
func curl(t testing.TB, line string) request {
	t.Helper()
	words := shellWords(strings.ReplaceAll(line, "\\\n", " "))
	if len(words) == 0 || words[0] != "curl" {
		t.Fatalf("no curl: %s", line)
	}
	r := request{Method: "GET", Header: map[string]string{}, Bad: true}
	query := url.Values{}
	get := false
	target := ""
	for i := 1; i < len(words); i++ {
		next := func() string {
			if i++; i == len(words) {
				t.Fatalf("%s: nothing behind %s", line, words[i-1])
			}
			return words[i]
		}
		switch words[i] {
		case "-X", "--request":
			r.Method = next()
		case "-H", "--header":
			name, value, _ := strings.Cut(next(), ": ")
			r.Header[name] = value
		case "-d", "--data-raw":
			r.Body = next()
		case "-G":
			get = true
		case "--data-urlencode":
			name, value, _ := strings.Cut(next(), "=")
			query.Set(name, value)
		case "--location":
		case "--form":
			r.Body = next()
		default:
			target = words[i]
		}
	}
	if get != (len(query) > 0) {
		t.Fatalf("%s: -G without data, or the other way round", line)
	}
	u, err := url.Parse(target)
	if err != nil {
		t.Fatal(err)
	}
	if r.Path = u.Path; get {
		r.Path += "?" + query.Encode()
	}
	return r
}

// shellWords splits at white space outside of quotes.
func shellWords(line string) (words []string) {
	var word strings.Builder
	var quote rune
	inside := false
	for _, c := range line {
		switch {
		case quote != 0 && c == quote:
			quote = 0
		case quote != 0:
			word.WriteRune(c)
		case c == '\'' || c == '"':
			quote, inside = c, true
		case c == ' ' || c == '\n' || c == '\t':
			if inside {
				words = append(words, word.String())
				word.Reset()
				inside = false
			}
		default:
			inside = true
			word.WriteRune(c)
		}
	}
	if inside {
		words = append(words, word.String())
	}
	return words
}

// alike fails unless got has the members and types of the document's sample,
// which may have more elements in its lists. Loose names members that may be of
// any type, or are not in the document.
func alike(t testing.TB, what, sample string, got []byte, loose ...string) {
	t.Helper()
	var want, have any
	if err := json.Unmarshal([]byte(sample), &want); err != nil {
		t.Fatalf("%s: the sample: %v", what, err)
	}
	if err := json.Unmarshal(got, &have); err != nil {
		t.Fatalf("%s: %v in %s", what, err, got)
	}
	if difference := compare("", want, have, loose); difference != "" {
		t.Errorf("%s: %s\n got %s\nwant %s", what, difference, got, sample)
	}
}

func compare(at string, want, have any, loose []string) string {
	for _, name := range loose {
		if at == name || strings.HasSuffix(at, "."+name) {
			return ""
		}
	}
	switch want := want.(type) {
	case map[string]any:
		have, ok := have.(map[string]any)
		if !ok {
			return at + ": no object"
		}
		for k := range have {
			if _, ok := want[k]; !ok && !slices.Contains(loose, k) {
				return at + "." + k + ": not in the document"
			}
		}
		for k, w := range want {
			h, ok := have[k]
			if !ok {
				return at + "." + k + ": missing"
			}
			if d := compare(at+"."+k, w, h, loose); d != "" {
				return d
			}
		}
	case []any:
		have, ok := have.([]any)
		if !ok {
			return at + ": no list"
		}
		for _, h := range have {
			if d := compare(at, want[0], h, loose); d != "" {
				return d
			}
		}
	default:
		if fmt.Sprintf("%T", want) != fmt.Sprintf("%T", have) {
			return fmt.Sprintf("%s: %T, not %T", at, have, want)
		}
	}
	return ""
}

// dial opens a websocket of the program.
func (p *process) dial(t testing.TB, path string) *websocket.Conn {
	t.Helper()
	conn, res, err := websocket.DefaultDialer.Dial("ws"+strings.TrimPrefix(p.URL, "http")+path, nil)
	if err != nil {
		t.Fatalf("%s: %v %+v", path, err, res)
	}
	t.Cleanup(func() { conn.Close() })
	return conn
}

// frame reads the next text frame that is neither a ping of the application's own nor a
// notice of who comes and goes: nearly every test makes a conversation first.
func frame(t testing.TB, conn *websocket.Conn) []byte {
	t.Helper()
	for {
		if text := frameOrNotice(t, conn); !isNotice(text) {
			return text
		}
	}
}

func frameOrNotice(t testing.TB, conn *websocket.Conn) []byte {
	t.Helper()
	for {
		_ = conn.SetReadDeadline(in(60))
		_, text, err := conn.ReadMessage()
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(text, []byte(`{"type":"ping"}`)) {
			return text
		}
	}
}

func isNotice(text []byte) bool {
	return bytes.Contains(text, []byte(`"FromSession":""`)) && bytes.Contains(text, []byte(`\"notice\"`)) || bytes.Contains(text, []byte(`"type":"conv.notice"`))
}

// closing reads to the end and returns the close code.
func closing(t testing.TB, conn *websocket.Conn) int {
	t.Helper()
	_ = conn.SetReadDeadline(in(60))
	for {
		if _, _, err := conn.ReadMessage(); err != nil {
			var end *websocket.CloseError
			if !asClose(err, &end) {
				t.Fatalf("no close code: %v", err)
			}
			return end.Code
		}
	}
}

func isReplaced(err error) bool {
	var end *websocket.CloseError
	return asClose(err, &end) && end.Code == 3500
}
