package upstream

import (
	"net/url"
	"slices"
	"strings"
)

// shortestEcho is the length from which what an attempt was signed with is taken out of
// the vendor's words: shorter values, such as times, are no credentials, and would tear
// holes into a sentence.
const shortestEcho = 12

// withoutEcho is text less the credentials that Sign gave to this attempt: some vendors
// repeat the header, the query or the form that they refuse.
func (call Call) withoutEcho(sent Request, text string) string {
	if text == "" || call.Sign == nil {
		return text
	}
	for _, of := range [][2]Fields{{sent.Header, call.Header}, {sent.Query, call.Query}, {sent.Form, call.Form}} {
		for _, field := range of[0] {
			if slices.Contains(of[1], field) {
				continue // the call's own, which is no credential
			}
			value := field[1]
			if _, behind, scheme := strings.Cut(value, " "); scheme && field[0] == "Authorization" {
				value = behind // "Basic" and "Bearer" are words
			}
			for _, form := range []string{value, url.QueryEscape(value)} {
				if len(form) >= shortestEcho {
					text = strings.ReplaceAll(text, form, "[credential]")
				}
			}
		}
	}
	return text
}
