package handlers

import (
	"bytes"
)

// repairJSON mends the three slips and leaves the rest as it is.
func repairJSON(body []byte) []byte {
	out := make([]byte, 0, len(body)+1)
	text := false // the last token is a string
	for i := 0; i < len(body); {
		switch b := body[i]; {
		case b == ' ' || b == '\t' || b == '\n' || b == '\r':
			out = append(out, b)
			i++
		case bytes.HasPrefix(body[i:], []byte("//")):
			for i < len(body) && body[i] != '\n' {
				i++
			}
		case b == '"':
			end := textEnd(body, i)
			out = append(out, body[i:end]...)
			i, text = end, true
		case b == '}' || b == ']':
			out = append(dropComma(out), b)
			i, text = i+1, false
		default:
			if text && b != ':' && b != ',' {
				out = append(out, ':')
			}
			out = append(out, b)
			i, text = i+1, false
		}
	}
	return out
}

// textEnd is the index behind the string that begins at i.
func textEnd(body []byte, i int) int {
	for i++; i < len(body); i++ {
		switch body[i] {
		case '\\':
			i++
		case '"':
			return i + 1
		}
	}
	return len(body)
}

// dropComma removes a comma at the end, before white space.
func dropComma(out []byte) []byte {
	trimmed := bytes.TrimRight(out, " \t\r\n")
	if bytes.HasSuffix(trimmed, []byte(",")) {
		return trimmed[:len(trimmed)-1]
	}
	return out
}
