package product

import (
	"encoding/base64"
	"encoding/json"
	"net/url"
	"strings"

	"switchboard/handlers"
	"switchboard/vendors"
)

// contentIn is a message's content as back ends send it; which members count is by its
// kind.
type contentIn struct {
	Kind      vendors.ContentKind `json:"kind"`
	Text      string              `json:"text"`
	Name      string              `json:"name"`
	Type      string              `json:"type"`
	Data      json.RawMessage     `json:"data"`
	URL       string              `json:"url"`
	Seconds   handlers.Int        `json:"seconds"`
	Bytes     handlers.Int        `json:"bytes"`
	Thumbnail string              `json:"thumbnail"`
	Latitude  *handlers.Float     `json:"latitude"`
	Longitude *handlers.Float     `json:"longitude"`
	Place     string              `json:"place"`
}

const (
	maxURL     = 2048
	maxPlays   = 24 * 60 * 60 // seconds of a voice or a video
	maxFile    = 1 << 40      // bytes that a file is said to have
	maxPicture = 64 << 10     // bytes of a thumbnail in base64
)

// content is what the vendors' port takes, with extra for the receiving client.
func (in contentIn) content(extra string) (vendors.Content, error) {
	c := vendors.Content{Kind: in.Kind, Extra: extra}
	switch in.Kind {
	case vendors.Text, vendors.Tip:
		if c.Text = in.Text; strings.TrimSpace(in.Text) == "" {
			return c, handlers.Invalid("content.text is required")
		}
	case vendors.Command:
		if c.Name, c.Data = in.Name, in.data(); in.Name == "" {
			return c, handlers.Invalid("content.name is required")
		}
	case vendors.Custom:
		if c.Type, c.Data = in.Type, in.data(); in.Type == "" || c.Data == nil {
			return c, handlers.Invalid("content.type and content.data are required")
		}
	case vendors.Location:
		return in.location(c)
	case vendors.Image, vendors.Voice, vendors.Video, vendors.Document:
		return in.file(c)
	default:
		return c, handlers.Invalid("content.kind: one of text, tip, command, image, voice, video, file, location, custom")
	}
	return c, nil
}

// data is nil for none and for null.
func (in contentIn) data() json.RawMessage {
	if string(in.Data) == "null" {
		return nil
	}
	return in.Data
}

func (in contentIn) file(c vendors.Content) (vendors.Content, error) {
	at, err := url.Parse(in.URL)
	switch {
	case in.URL == "" || len(in.URL) > maxURL || err != nil || at.Host == "" || at.Scheme != "http" && at.Scheme != "https":
		return c, handlers.Invalid("content.url: an http or https URL of at most %d bytes is required", maxURL)
	case in.Seconds < 0 || in.Seconds > maxPlays || (c.Kind == vendors.Voice || c.Kind == vendors.Video) && in.Seconds == 0:
		return c, handlers.Invalid("content.seconds: a number from 1 to %d is required", maxPlays)
	case in.Bytes < 0 || in.Bytes > maxFile:
		return c, handlers.Invalid("content.bytes: at most %d", int64(maxFile))
	case c.Kind == vendors.Document && in.Name == "":
		return c, handlers.Invalid("content.name is required")
	}
	c.File = &vendors.File{URL: in.URL, Name: in.Name, Type: in.Type, Bytes: int64(in.Bytes), Seconds: int(in.Seconds), Thumbnail: in.Thumbnail}
	return c, in.checkThumbnail()
}

func (in contentIn) checkThumbnail() error {
	if _, err := base64.StdEncoding.DecodeString(in.Thumbnail); err != nil || len(in.Thumbnail) > maxPicture {
		return handlers.Invalid("content.thumbnail: a picture in base64 of at most %d bytes", maxPicture)
	}
	return nil
}

func (in contentIn) location(c vendors.Content) (vendors.Content, error) {
	if in.Latitude == nil || in.Longitude == nil || *in.Latitude < -90 || *in.Latitude > 90 || *in.Longitude < -180 || *in.Longitude > 180 {
		return c, handlers.Invalid("content.latitude and content.longitude: degrees are required")
	}
	c.Place = &vendors.Place{Latitude: float64(*in.Latitude), Longitude: float64(*in.Longitude), Name: in.Place, Thumbnail: in.Thumbnail}
	return c, in.checkThumbnail()
}

// contentOut is contentIn as answers have it.
type contentOut struct {
	Kind      vendors.ContentKind `json:"kind"`
	Text      string              `json:"text,omitempty"`
	Name      string              `json:"name,omitempty"`
	Type      string              `json:"type,omitempty"`
	Data      json.RawMessage     `json:"data,omitempty"`
	URL       string              `json:"url,omitempty"`
	Seconds   int                 `json:"seconds,omitempty"`
	Bytes     int64               `json:"bytes,omitempty"`
	Thumbnail string              `json:"thumbnail,omitempty"`
	Latitude  *float64            `json:"latitude,omitempty"`
	Longitude *float64            `json:"longitude,omitempty"`
	Place     string              `json:"place,omitempty"`
}

func contentOf(c vendors.Content) contentOut {
	out := contentOut{Kind: c.Kind, Text: c.Text, Name: c.Name, Type: c.Type, Data: c.Data}
	if f := c.File; f != nil {
		out.URL, out.Name, out.Type, out.Bytes, out.Seconds, out.Thumbnail = f.URL, f.Name, f.Type, f.Bytes, f.Seconds, f.Thumbnail
	}
	if p := c.Place; p != nil {
		out.Latitude, out.Longitude, out.Place, out.Thumbnail = &p.Latitude, &p.Longitude, p.Name, p.Thumbnail
	}
	return out
}
