// Package console serves the page at /: the stage of the sandbox, and the operators'
// console, which signs in with a key of /admin and keeps a session in a cookie.
package console

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"io/fs"
	"log/slog"
	"maps"
	"net/url"
	"path"
	"regexp"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/gofiber/fiber/v2"
	"github.com/gofiber/fiber/v2/middleware/proxy"
	"github.com/valyala/fasthttp"

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
	Video              string            // where clients reach LiveKit's own server; empty: rooms are a mock's
}

// hostPort is what may stand in a policy.
var hostPort = regexp.MustCompile(`^[A-Za-z0-9.-]+(:[0-9]+)?$`)

// videoOrigin is the one place beside its own origin that the page may connect to;
// empty: none.
func (s *Sandbox) videoOrigin() string {
	if s == nil {
		return ""
	}
	u, err := url.Parse(s.Video)
	if err != nil || u.Scheme != "ws" && u.Scheme != "wss" || !hostPort.MatchString(u.Host) {
		return ""
	}
	return u.Scheme + "://" + u.Host
}

var errNoMock = problem.New(problem.NotFound, "no such mock")

// Mount adds the routes. operators lets in by a key or a session, admins those alone
// who may change something.
func (h Console) Mount(r fiber.Router, operators, admins fiber.Handler) {
	allowed := policy(h.Sandbox.videoOrigin())
	r.Get("/", func(c *fiber.Ctx) error { return file(c, "index.html", allowed) })
	r.Get("/console/session", h.session)
	r.Post("/console/session", operators, h.signIn)
	r.Delete("/console/session", h.signOut)
	r.Get("/console/:file", func(c *fiber.Ctx) error { return file(c, c.Params("file"), allowed) })
	if h.Sandbox != nil {
		// The connections are this program's alone: another one's may lead to mocks that are gone.
		client := &fasthttp.Client{NoDefaultUserAgentHeader: true, DisablePathNormalizing: true}
		mock := func(c *fiber.Ctx) error { return h.mock(c, client) }
		r.Get("/sandbox/mocks/:vendor/:rest", admins, mock)
		r.Post("/sandbox/mocks/:vendor/:rest", admins, mock)
		r.Delete("/sandbox/mocks/:vendor/:rest", admins, mock)
	}
}

// session says who has signed in here, and in the sandbox what to sign in with.
func (h Console) session(c *fiber.Ctx) error {
	out := fiber.Map{"role": h.Operators.BySession(c.Cookies(middleware.ConsoleCookie), time.Now()), "version": h.Version, "sandbox": nil}
	if s := h.Sandbox; s != nil {
		out["sandbox"] = fiber.Map{"app": s.App, "key": s.Key, "admin_key": s.AdminKey, "mocks": slices.Sorted(maps.Keys(s.Mocks)), "video": s.videoOrigin() != ""}
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
func (h Console) mock(c *fiber.Ctx, client *fasthttp.Client) error {
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
	if err := proxy.DoTimeout(c, target, mockWait, client); err != nil {
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
//go:embed ui/vendor/LICENSE-* ui/vendor/NOTICE-* ui/vendor/livekit-client.umd.js
var embedded embed.FS

// policy allows what the page has: scripts, styles and calls of this origin, and
// LiveKit's server, if there is one.
func policy(video string) string {
	return "default-src 'none'; script-src 'self'; style-src 'self'; connect-src " + strings.TrimSpace("'self' "+video) + "; img-src 'self' data:; media-src 'self' blob:; " +
		"base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
}

// asset is a file as it is sent.
type asset struct {
	kind, tag string
	plain     []byte
	packed    func() []byte // when somebody first asks for it
}

func newAsset(kind string, b []byte) asset {
	sum := sha256.Sum256(b)
	return asset{kind, `"` + hex.EncodeToString(sum[:8]) + `"`, b, sync.OnceValue(func() []byte {
		var packed bytes.Buffer
		w, _ := gzip.NewWriterLevel(&packed, gzip.BestCompression)
		_, _ = w.Write(b) // a buffer takes everything
		_ = w.Close()
		return packed.Bytes()
	})}
}

// assets are the page's files: what is built, LiveKit's client, which is loaded when a
// video begins, and the licences of what is not ours.
var assets = sync.OnceValues(func() (map[string]asset, error) {
	out, licences := map[string]asset{}, []byte{}
	err := fs.WalkDir(embedded, ".", func(name string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() {
			return err
		}
		b, err := embedded.ReadFile(name)
		switch base := path.Base(name); {
		case path.Dir(name) == "dist":
			out[base] = newAsset(strings.TrimPrefix(path.Ext(base), "."), b)
		case base == "livekit-client.umd.js":
			out["livekit.js"] = newAsset("js", b)
		case strings.HasPrefix(base, "LICENSE-"), strings.HasPrefix(base, "NOTICE-"):
			licences = append(append(licences, "==== "+base+"\n\n"...), append(b, '\n', '\n')...)
		}
		return err
	})
	out["licences.txt"] = newAsset("txt", licences)
	return out, err
})

func file(c *fiber.Ctx, name, allowed string) error {
	all, err := assets()
	if err != nil {
		return err
	}
	a, found := all[name]
	if !found {
		return fiber.ErrNotFound
	}
	c.Set(fiber.HeaderContentSecurityPolicy, allowed)
	c.Set(fiber.HeaderCacheControl, "no-cache") // asked for again, by its tag
	c.Set(fiber.HeaderETag, a.tag)
	c.Vary(fiber.HeaderAcceptEncoding)
	if c.Get(fiber.HeaderIfNoneMatch) == a.tag {
		return c.SendStatus(fiber.StatusNotModified)
	}
	c.Type(a.kind, "utf-8")
	if c.AcceptsEncodings("gzip") == "gzip" {
		c.Set(fiber.HeaderContentEncoding, "gzip")
		return c.Send(a.packed())
	}
	return c.Send(a.plain)
}
