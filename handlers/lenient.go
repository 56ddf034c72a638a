package handlers

import (
	"bytes"
	"encoding/json"

	"github.com/gofiber/fiber/v2"
)

// decodeJSON reads the body into v; unknown fields are ignored and no body is an
// empty object. The samples of the gateway's document hold comments, commas
// before a closing bracket and a key without a colon, and clients were written
// after them: what is no JSON is read once more without these.
func decodeJSON(c *fiber.Ctx, v any) error { return decodeBytes(c.Request().Body(), v) }

func decodeBytes(body []byte, v any) error {
	body = bytes.TrimSpace(body)
	if len(body) == 0 {
		return nil
	}
	if !json.Valid(body) {
		body = lenient(body)
	}
	if err := json.Unmarshal(body, v); err != nil {
		return badJSON(err)
	}
	return nil
}

// lenient repairs the three slips and leaves the rest as it is.
func lenient(body []byte) []byte {
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
