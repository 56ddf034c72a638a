package im

import (
	"errors"

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
}

// UploadPath takes files. Their URLs begin with filePath, as in the document's sample.
const (
	UploadPath = "/im/file/upload"
	filePath   = "/storage/uploads/"
)

// Mount adds the routes.
func (h Files) Mount(r fiber.Router) {
	r.Post(UploadPath, h.upload)
	r.Get(filePath+":name", h.serve)
}

// MayUpload says why the caller, who shows in the request's head, may not upload;
// nil when they may.
func MayUpload(c *fiber.Ctx, apps *access.Directory, admit Admit) error {
	_, err := callerOf(c, apps, admit)
	return err
}

func (h Files) upload(c *fiber.Ctx) error {
	if err := MayUpload(c, h.Apps, h.Admit); err != nil {
		return err
	}
	part, err := c.FormFile("file")
	if err != nil {
		return missing("file")
	}
	if part.Size > int64(h.Store.MaxBytes()) {
		return fiber.ErrRequestEntityTooLarge
	}
	file, err := part.Open()
	if err != nil {
		return err
	}
	defer file.Close()
	name, err := h.Store.Save(c.UserContext(), file)
	if err != nil {
		return err
	}
	base := h.Store.Public()
	if base == "" {
		base = middleware.BaseURL(c)
	}
	return success(c, base+filePath+name)
}

// serve sends a file as the type that its content was found to be, in a way that no
// browser runs it.
func (h Files) serve(c *fiber.Ctx) error {
	file, err := h.Store.Open(c.UserContext(), c.Params("name"))
	if errors.Is(err, uploads.ErrNotFound) {
		return fiber.ErrNotFound
	}
	if err != nil {
		return err
	}
	disposition := "attachment"
	if file.Shown {
		disposition = "inline"
	}
	c.Set(fiber.HeaderContentType, file.MIME)
	c.Set(fiber.HeaderContentDisposition, disposition)
	c.Set(fiber.HeaderXContentTypeOptions, "nosniff")
	c.Set(fiber.HeaderContentSecurityPolicy, "default-src 'none'; sandbox")
	c.Set(fiber.HeaderCacheControl, "public, max-age=31536000, immutable")
	return c.SendStream(file, int(file.Size))
}
