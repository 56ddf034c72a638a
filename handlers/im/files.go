package im

import (
	"errors"
	"fmt"
	"io"
	"mime"
	"strings"
	"time"

	"github.com/gofiber/fiber/v2"

	"switchboard/app/access"
	"switchboard/app/uploads"
	"switchboard/middleware"
)

// Files serves uploads, and the URLs that an upload answers.
type Files struct {
	Apps  *access.Directory
	Admit Admit // refuses who is banned
	Store *uploads.Store
	Index uploads.Index
}

// UploadPath takes files. Their URLs begin with filePath after the host, as in the document's sample.
const (
	UploadPath = "/im/file/upload"
	filePath   = "/storage/uploads/"
)

// Mount adds the routes.
func (h Files) Mount(r fiber.Router) {
	r.Post(UploadPath, h.upload)
	r.Get(filePath+":name", h.serve)
}

// FormBytes are those of an upload's form beside the file.
const FormBytes = 1 << 20

const fileTime = 5 * time.Minute // for an upload to arrive whole, or a file to be taken

// upload stores a file while it comes in: no more of it than a buffer is ever held.
func (h Files) upload(c *fiber.Ctx) error {
	who, err := callerOf(c, h.Apps, h.Admit)
	if err != nil {
		return err
	}
	owner := who.App + "/" + who.User
	if who.Server() && !who.keyed {
		owner = middleware.PeerOf(c).String()
	}
	end, err := h.Store.Begin(owner)
	if err != nil {
		return err
	}
	defer end()
	if c.Request().Header.ContentLength() > h.Store.MaxBytes()+FormBytes {
		return fiber.ErrRequestEntityTooLarge
	}
	body := c.Context().RequestBodyStream()
	if body == nil {
		return missing("file")
	}
	if err := c.Context().SetReadDeadline(time.Now().Add(fileTime)); err != nil {
		return err
	}
	form := newFormReader(body, h.Store.MaxBytes()+FormBytes)
	part, err := form.part(c.Get(fiber.HeaderContentType), "file")
	if errors.Is(err, io.EOF) {
		return missing("file")
	}
	if err != nil {
		return form.why(fiber.ErrBadRequest)
	}
	name, err := h.Store.SaveFor(c.UserContext(), h.Index, who.App, who.User, part.FileName(), part)
	if err != nil {
		return form.why(err)
	}
	base := h.Store.Public()
	if base == "" {
		base = middleware.BaseURL(c)
	}
	return success(c, base+filePath+name)
}

// serve sends a file as the type that its content was found to be, in a way that no
// browser runs it. A name's content never changes, so its URL may be kept, and parts of
// it put together (RFC 9110 13 and 14).
func (h Files) serve(c *fiber.Ctx) error {
	if err := c.Context().SetWriteDeadline(time.Now().Add(fileTime)); err != nil {
		return err
	}
	name := c.Params("name")
	tag := `"` + name + `"`
	wanted := c.Get(fiber.HeaderRange)
	if since := c.Get(fiber.HeaderIfRange); since != "" && since != tag {
		wanted = ""
	}
	if c.Method() == fiber.MethodHead || wanted != "" {
		info, err := h.Store.Stat(c.UserContext(), name)
		if err != nil {
			return notFound(err)
		}
		return h.servePart(c, name, info, wanted)
	}
	file, info, err := h.Store.Open(c.UserContext(), name, nil)
	if err != nil {
		return notFound(err)
	}
	if describe(c, info, tag); isKnown(c, tag) {
		return errors.Join(file.Close(), c.SendStatus(fiber.StatusNotModified))
	}
	return c.SendStream(file, int(info.Size))
}

// servePart sends what a Range wants, or all, and to HEAD the head alone.
func (h Files) servePart(c *fiber.Ctx, name string, info uploads.Info, wanted string) error {
	if describe(c, info, `"`+name+`"`); isKnown(c, `"`+name+`"`) {
		return c.SendStatus(fiber.StatusNotModified)
	}
	part, satisfiable := parseRange(wanted, info.Size)
	if !satisfiable {
		c.Set(fiber.HeaderContentRange, fmt.Sprintf("bytes */%d", info.Size))
		return fiber.ErrRequestedRangeNotSatisfiable
	}
	if c.Method() == fiber.MethodHead { // RFC 9110 14.2: a Range is for GET
		c.Context().Response.SkipBody = true
		c.Response().Header.SetContentLength(int(info.Size))
		return nil
	}
	length := info.Size
	if part != nil {
		length = part.Length
		c.Status(fiber.StatusPartialContent)
		c.Set(fiber.HeaderContentRange, fmt.Sprintf("bytes %d-%d/%d", part.From, part.From+length-1, info.Size))
	}
	file, _, err := h.Store.Open(c.UserContext(), name, part)
	if err != nil {
		return notFound(err)
	}
	return c.SendStream(file, int(length))
}

// describe sets the head of an answer with the file.
func describe(c *fiber.Ctx, info uploads.Info, tag string) {
	disposition := "attachment"
	if info.Shown {
		disposition = "inline"
	}
	if info.Original != "" {
		disposition = mime.FormatMediaType(disposition, map[string]string{"filename": info.Original})
	}
	c.Set(fiber.HeaderContentType, info.MIME)
	c.Set(fiber.HeaderContentDisposition, disposition)
	c.Set(fiber.HeaderXContentTypeOptions, "nosniff")
	c.Set(fiber.HeaderContentSecurityPolicy, "default-src 'none'; sandbox; frame-ancestors 'none'")
	c.Set(fiber.HeaderCacheControl, "public, max-age=31536000, immutable")
	c.Set(fiber.HeaderAcceptRanges, "bytes")
	c.Set(fiber.HeaderETag, tag)
}

// isKnown says whether the client has the file already.
func isKnown(c *fiber.Ctx, tag string) bool {
	known := c.Get(fiber.HeaderIfNoneMatch)
	return known == "*" || known != "" && strings.Contains(known, tag)
}

func notFound(err error) error {
	if errors.Is(err, uploads.ErrNotFound) {
		return fiber.ErrNotFound
	}
	return err
}
