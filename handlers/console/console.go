// Package console serves the page at /: the stage of the sandbox, and the operators'
// console, which signs in with a key of /admin and keeps a session in a cookie.
package console

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"log/slog"
	"net/url"
	"path"
	"strings"
	"sync"
	"time"

	"github.com/gofiber/fiber/v2"
	"github.com/gofiber/fiber/v2/middleware/proxy"

	"switchboard/app/access"
	"switchboard/app/problem"
	"switchboard/middleware"
)

// Console serves the page and its sessions.
type Console struct {
	Operators access.Operators
	Sandbox   *Sandbox // nil: real vendors
	Version   string
	Log       *slog.Logger
}

// Sandbox is what the page needs for its stage. Nothing in it is a secret.
type Sandbox struct {
	App, Key, AdminKey string
	Mocks              map[string]string // where each mock listens, by its vendor
}

var errNoMock = problem.New(problem.NotFound, "no such mock")

// Mount adds the routes. operators lets in by a key or a session, admins those alone
// who may change something.
func (h Console) Mount(r fiber.Router, operators, admins fiber.Handler) {
	r.Get("/", func(c *fiber.Ctx) error { return file(c, "index.html") })
	r.Get("/console/session", h.session)
	r.Post("/console/session", operators, h.signIn)
	r.Delete("/console/session", h.signOut)
	r.Get("/console/:file", func(c *fiber.Ctx) error { return file(c, c.Params("file")) })
	if h.Sandbox != nil {
		r.Get("/sandbox/mocks/:vendor/:rest", admins, h.mock)
		r.Post("/sandbox/mocks/:vendor/:rest", admins, h.mock)
		r.Delete("/sandbox/mocks/:vendor/:rest", admins, h.mock)
	}
}

// session says who has signed in here, and in the sandbox what to sign in with.
func (h Console) session(c *fiber.Ctx) error {
	out := fiber.Map{"role": h.Operators.BySession(c.Cookies(middleware.ConsoleCookie), time.Now()), "version": h.Version, "sandbox": nil}
	if s := h.Sandbox; s != nil {
		names := []string{}
		for name := range s.Mocks {
			names = append(names, name)
		}
		out["sandbox"] = fiber.Map{"app": s.App, "key": s.Key, "admin_key": s.AdminKey, "mocks": names}
	}
	return c.JSON(out)
}

// signIn is behind a check of the key, which is in the header admin-key.
func (h Console) signIn(c *fiber.Ctx) error {
	role := middleware.OperatorOf(c)
	h.setCookie(c, h.Operators.Session(role, time.Now()), time.Now().Add(access.SessionTime))
	h.Log.Info("operator signed in", "component", "console", "role", string(role), "peer", middleware.PeerOf(c).String())
	return c.JSON(fiber.Map{"role": role})
}

// signOut lets the browser forget the session. A copy of it would last until its end.
func (h Console) signOut(c *fiber.Ctx) error {
	if middleware.CrossSite(c) {
		return middleware.ErrCrossSite
	}
	h.setCookie(c, "", time.Unix(0, 0))
	return c.JSON(fiber.Map{"role": access.Nobody})
}

// setCookie keeps the session from scripts and from requests that other sites make.
func (h Console) setCookie(c *fiber.Ctx, value string, end time.Time) {
	c.Cookie(&fiber.Cookie{
		Name: middleware.ConsoleCookie, Value: value, Path: "/", Expires: end, HTTPOnly: true, SameSite: fiber.CookieSameSiteStrictMode,
		Secure: strings.HasPrefix(middleware.BaseURL(c), "https:"),
	})
}

const mockWait = 15 * time.Second // its journal answers after ten when nothing came

// mock passes a call on to the mock's own API, so that the page needs no other address
// than its own, also where only one port is reachable.
func (h Console) mock(c *fiber.Ctx) error {
	base, rest := h.Sandbox.Mocks[c.Params("vendor")], c.Params("rest")
	if base == "" {
		return errNoMock
	}
	target := base + "/_mock/" + url.PathEscape(rest)
	if query := string(c.Request().URI().QueryString()); query != "" {
		target += "?" + query
	}
	c.Request().Header.Del(fiber.HeaderCookie)
	c.Request().Header.Del("admin-key")
	if err := proxy.DoTimeout(c, target, mockWait); err != nil {
		return err
	}
	// The answer has the mock's headers; these are ours again.
	c.Set(fiber.HeaderContentSecurityPolicy, "default-src 'none'; frame-ancestors 'none'")
	c.Set(fiber.HeaderXContentTypeOptions, "nosniff")
	c.Set(fiber.HeaderCacheControl, "no-store")
	return nil
}

//go:generate go run ./ui

//go:embed dist
var dist embed.FS

// policy allows what the page has: scripts, styles and calls of this origin.
const policy = "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self' data:; media-src 'self' blob:; " +
	"base-uri 'none'; form-action 'none'; frame-ancestors 'none'"

// asset is a file as it is sent.
type asset struct {
	kind, tag     string
	plain, packed []byte
}

// assets are read and packed when somebody asks first.
var assets = sync.OnceValues(func() (map[string]asset, error) {
	out := map[string]asset{}
	entries, err := dist.ReadDir("dist")
	if err != nil {
		return nil, err
	}
	for _, e := range entries {
		b, err := dist.ReadFile("dist/" + e.Name())
		if err != nil {
			return nil, err
		}
		var packed bytes.Buffer
		w, _ := gzip.NewWriterLevel(&packed, gzip.BestCompression)
		_, _ = w.Write(b) // a buffer takes everything
		_ = w.Close()
		sum := sha256.Sum256(b)
		out[e.Name()] = asset{strings.TrimPrefix(path.Ext(e.Name()), "."), `"` + hex.EncodeToString(sum[:8]) + `"`, b, packed.Bytes()}
	}
	return out, nil
})

func file(c *fiber.Ctx, name string) error {
	all, err := assets()
	if err != nil {
		return err
	}
	a, found := all[name]
	if !found {
		return fiber.ErrNotFound
	}
	c.Set(fiber.HeaderContentSecurityPolicy, policy)
	c.Set(fiber.HeaderCacheControl, "no-cache") // asked for again, by its tag
	c.Set(fiber.HeaderETag, a.tag)
	c.Vary(fiber.HeaderAcceptEncoding)
	if c.Get(fiber.HeaderIfNoneMatch) == a.tag {
		return c.SendStatus(fiber.StatusNotModified)
	}
	c.Type(a.kind, "utf-8")
	if c.AcceptsEncodings("gzip") == "gzip" {
		c.Set(fiber.HeaderContentEncoding, "gzip")
		return c.Send(a.packed)
	}
	return c.Send(a.plain)
}
