package main

import (
	"bytes"
	"fmt"
	"io"
	"net"
	"strings"
	"testing"
)

// smuggled is a request that hides behind each of the others. Its answer shows when a
// server takes for a request what a proxy takes for a body, or the other way round.
const smuggled = "GET /healthz?smuggled HTTP/1.1\r\nHost: x\r\n\r\n"

// Two servers in a row must agree where a request ends. What they could disagree about
// is refused, or answered on a connection that is closed: no second answer comes.
func TestNoRequestIsSmuggledBehindAnother(t *testing.T) {
	p := start(t, nil)
	const body = `{"session":"smuggler"}` // 22 bytes: hex 16
	head := "POST /inner/get_token HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n"
	chunked, length := "Transfer-Encoding: chunked\r\n", fmt.Sprintf("Content-Length: %d\r\n", len(body))
	whole := fmt.Sprintf("%x\r\n%s\r\n0\r\n\r\n", len(body), body)
	with := func(fields, body string) string { return head + fields + "\r\n" + body }
	line := func(line string) string { return line + "\r\nHost: 127.0.0.1\r\nContent-Length: 0\r\n\r\n" }
	// Two requests, read as two. The first line's end shows nobody but fasthttp, which takes LF
	// (docs/security.md#what-a-proxy-must-do).
	legal := map[string]bool{
		"encoding with a tab": true, "expectation that is not known": true, "upgrade of a request with a body": true, "bare LF after the request line": true,
	}
	for name, c := range map[string]struct {
		text     string
		answered bool // 2xx is right, as long as the connection is closed
	}{
		"chunk extension with a bare LF":       {with(chunked, "16;\nABC\r\n"+body+"\r\n0\r\n\r\n"), false},
		"chunk extension with a bare CR":       {with(chunked, "16;a\rb\r\n"+body+"\r\n0\r\n\r\n"), false},
		"chunk extension, LF in the last":      {with(chunked, "16\r\n"+body+"\r\n0;\nX\r\n\r\n"), false},
		"chunk size ended by LF":               {with(chunked, "16\n"+body+"\r\n0\r\n\r\n"), false},
		"chunk size with 0x":                   {with(chunked, "0x16\r\n"+body+"\r\n0\r\n\r\n"), false},
		"chunk size with a sign":               {with(chunked, "+16\r\n"+body+"\r\n0\r\n\r\n"), false},
		"chunk size negative":                  {with(chunked, "-16\r\n"+body+"\r\n0\r\n\r\n"), false},
		"chunk size too large for a word":      {with(chunked, "10000000000000016\r\n"+body+"\r\n0\r\n\r\n"), false},
		"chunk size empty":                     {with(chunked, "\r\n"+body+"\r\n0\r\n\r\n"), false},
		"chunk size with a space before":       {with(chunked, " 16\r\n"+body+"\r\n0\r\n\r\n"), false},
		"chunk longer than it says":            {with(chunked, "5\r\n"+body+"\r\n0\r\n\r\n"), false},
		"chunk ended by LF":                    {with(chunked, "16\r\n"+body+"\n0\r\n\r\n"), false},
		"HTTP/1.0 and chunked":                 {strings.Replace(with(chunked+"Connection: keep-alive\r\n", whole), "HTTP/1.1", "HTTP/1.0", 1), false},
		"length and chunked":                   {with(length+chunked, whole), true},
		"chunked and length":                   {with(chunked+length, whole), true},
		"two encodings":                        {with(chunked+"Transfer-Encoding: identity\r\n", whole), false},
		"two encodings, the other way":         {with("Transfer-Encoding: identity\r\n"+chunked, whole), false},
		"chunked twice":                        {with(chunked+chunked, whole), false},
		"encoding list":                        {with("Transfer-Encoding: gzip, chunked\r\n", whole), false},
		"encoding list, chunked first":         {with("Transfer-Encoding: chunked, identity\r\n", whole), false},
		"unknown encoding":                     {with("Transfer-Encoding: xchunked\r\n", whole), false},
		"encoding with a tab":                  {with("Transfer-Encoding:\tchunked\r\n", whole), true},
		"encoding with a form feed":            {with("Transfer-Encoding: \x0cchunked\r\n", whole), false},
		"encoding quoted":                      {with("Transfer-Encoding: \"chunked\"\r\n", whole), false},
		"encoding with space before the colon": {with("Transfer-Encoding : chunked\r\n", whole), false},
		"encoding empty, with a length":        {with("Transfer-Encoding:\r\n"+length, body), false},
		"two lengths that differ":              {with(length+"Content-Length: 3\r\n", body), false},
		"two lengths that are the same":        {with(length+length, body), true},
		"length list":                          {with("Content-Length: 22, 22\r\n", body), false},
		"length with a sign":                   {with("Content-Length: +22\r\n", body), false},
		"length negative":                      {with("Content-Length: -22\r\n", body), false},
		"length in hex":                        {with("Content-Length: 0x16\r\n", body), false},
		"length with a space inside":           {with("Content-Length: 2 2\r\n", body), false},
		"length too large for a word":          {with("Content-Length: 18446744073709551638\r\n", body), false},
		"length empty":                         {with("Content-Length:\r\n", body), false},
		"length with space before the colon":   {with("Content-Length : 22\r\n", body), false},
		"length with an underscore":            {with("Content-Length: 2_2\r\n", body), false},
		"bare LF between fields":               {with("X: a\nY: b\r\n"+length, body), false},
		"bare LF that hides a field":           {with("X: a\napp-key: nope\r\n"+length, body), false},
		"bare LF after the request line":       {strings.Replace(with(length, body), "HTTP/1.1\r\n", "HTTP/1.1\n", 1), false},
		"bare LF at the end of the head":       {head + length + "\n" + body, false},
		"only bare LF":                         {strings.ReplaceAll(with(length, ""), "\r\n", "\n") + body, false},
		"bare CR in a value":                   {with("X: a\rb\r\n"+length, body), false},
		"bare CR as a line's end":              {with("X: a\rY: b\r\n"+length, body), false},
		"bare CR in a name":                    {with("X\r: a\r\n"+length, body), false},
		"NUL in a value":                       {with("X: a\x00b\r\n"+length, body), false},
		"NUL in a name":                        {with("X\x00: a\r\n"+length, body), false},
		"control byte in a value":              {with("X: a\x01b\r\n"+length, body), false},
		"empty name":                           {with(": a\r\n"+length, body), false},
		"name with a space":                    {with("X Y: a\r\n"+length, body), false},
		"field without a colon":                {with("X\r\n"+length, body), false},
		"folded value":                         {with("X: a\r\n b\r\n"+length, body), false},
		"folded encoding":                      {with("Transfer-Encoding:\r\n chunked\r\n", whole), false},
		"first field with a space before":      {strings.Replace(with(length, body), "Host:", " Host:", 1), false},
		"no Host":                              {strings.Replace(with(length, body), "Host: 127.0.0.1\r\n", "", 1), false},
		"two Hosts":                            {with("Host: evil.example\r\n"+length, body), false},
		"two Hosts that are the same":          {with("Host: 127.0.0.1\r\n"+length, body), false},
		"Host that is a list":                  {strings.Replace(with(length, body), "Host: 127.0.0.1", "Host: 127.0.0.1, evil.example", 1), false},
		"HTTP/9.9":                             {line("GET /healthz HTTP/9.9"), false},
		"HTTP/2.0":                             {line("GET /healthz HTTP/2.0"), false},
		"HTTP/1.2":                             {line("GET /healthz HTTP/1.2"), false},
		"HTTP/0.9":                             {line("GET /healthz HTTP/0.9"), false},
		"HTTP/1":                               {line("GET /healthz HTTP/1"), false},
		"http/1.1":                             {line("GET /healthz http/1.1"), false},
		"HTTP/1.1 and more":                    {line("GET /healthz HTTP/1.1 x"), false},
		"no version":                           {line("GET /healthz"), false},
		"two spaces in the request line":       {line("GET  /healthz HTTP/1.1"), false},
		"tab in the request line":              {line("GET\t/healthz HTTP/1.1"), false},
		"method with a control byte":           {line("G\x01T /healthz HTTP/1.1"), false},
		"path with a NUL":                      {line("GET /healthz\x00 HTTP/1.1"), false},
		"body of a GET that is a request":      {"GET /healthz HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n" + fmt.Sprintf("Content-Length: %d\r\n\r\n", len(smuggled)), true},
		"body of a refusal that is a request":  {"POST /nothing HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n" + fmt.Sprintf("Content-Length: %d\r\n\r\n", len(smuggled)), false},
		"trailer that is a length":             {with(chunked, "16\r\n"+body+"\r\n0\r\nContent-Length: 5\r\n\r\n"), false},
		"trailer that is an encoding":          {with(chunked, "16\r\n"+body+"\r\n0\r\nTransfer-Encoding: chunked\r\n\r\n"), false},
		"trailer with a bare LF":               {with(chunked, "16\r\n"+body+"\r\n0\r\nX: a\nY: b\r\n\r\n"), false},
		"expectation that is not known":        {with("Expect: 100-continue, x\r\n"+length, body), true},
		"upgrade of a request with a body":     {with("Connection: upgrade\r\nUpgrade: websocket\r\n"+length, body), true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			answers, open := p.exchange(t, c.text+smuggled)
			switch {
			case legal[name] && len(answers) == 2:
			case len(answers) > 1 || open:
				t.Errorf("%d answers, open %v:\n%s", len(answers), open, strings.Join(answers, "\n--\n"))
			case len(answers) == 1 && !c.answered && !strings.HasPrefix(answers[0], "HTTP/1.1 4") && !strings.Contains(answers[0], "the request cannot be read"):
				t.Errorf("answered %s", answers[0])
			}
		})
	}
}

// exchange sends text and reads until the connection's end or a second answer, and returns
// the answers, and whether neither came.
func (p *process) exchange(t *testing.T, text string) (answers []string, open bool) {
	t.Helper()
	conn, err := net.Dial("tcp", strings.TrimPrefix(p.URL, "http://"))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if _, err := io.WriteString(conn, text); err != nil {
		t.Fatal(err)
	}
	_ = conn.SetReadDeadline(in(60))
	var got []byte
	for part := make([]byte, 4096); err == nil && bytes.Count(got, []byte("HTTP/1.1 ")) < 2; {
		var n int
		n, err = conn.Read(part)
		got = append(got, part[:n]...)
	}
	for _, part := range strings.Split(string(got), "HTTP/1.1 ")[1:] {
		answers = append(answers, "HTTP/1.1 "+part)
	}
	return answers, err != nil && strings.Contains(err.Error(), "timeout")
}
