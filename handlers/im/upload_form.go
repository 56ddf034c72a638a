package im

import (
	"errors"
	"io"
	"mime"
	"mime/multipart"
	"net"
	"net/http"

	"github.com/gofiber/fiber/v2"
)

// formReader reads a form as it comes in. It keeps why reading the connection failed,
// which who stores a file cannot tell from their own failures.
type formReader struct {
	body   io.Reader
	failed error
}

// newFormReader reads at most largest bytes.
func newFormReader(body io.Reader, largest int) *formReader {
	return &formReader{body: http.MaxBytesReader(nil, io.NopCloser(body), int64(largest))}
}

// Read reads on.
func (f *formReader) Read(p []byte) (int, error) {
	n, err := f.body.Read(p)
	if err != nil && err != io.EOF {
		f.failed = err
	}
	return n, err
}

// part returns the first part that is named name: io.EOF when there is none.
func (f *formReader) part(contentType, name string) (*multipart.Part, error) {
	_, params, err := mime.ParseMediaType(contentType)
	if err != nil || params["boundary"] == "" {
		return nil, io.EOF
	}
	form := multipart.NewReader(f, params["boundary"])
	for {
		part, err := form.NextPart()
		if err != nil || part.FormName() == name {
			return part, err
		}
	}
}

// why is err as the caller is told it: what they sent may be what failed.
func (f *formReader) why(err error) error {
	var large *http.MaxBytesError
	var late net.Error
	switch {
	case errors.As(f.failed, &large):
		return fiber.ErrRequestEntityTooLarge
	case errors.As(f.failed, &late) && late.Timeout():
		return fiber.ErrRequestTimeout
	case f.failed != nil, errors.Is(err, io.ErrUnexpectedEOF):
		return fiber.ErrBadRequest
	}
	return err
}
