package rongcloud

import (
	"encoding/json"
	"unicode/utf8"

	"switchboard/vendors"
	"switchboard/vendors/upstream"
)

// The object names of what a message names by URL: docs/vendors/rongcloud.md#object-names.
const (
	imageType    = "RC:ImgMsg"
	voiceType    = "RC:HQVCMsg"
	videoType    = "RC:SightMsg"
	fileType     = "RC:FileMsg"
	locationType = "RC:LBSMsg"
)

// The vendor's bounds on media: docs/vendors/rongcloud.md#object-names.
const (
	maxThumbnail = 10 << 10 // bytes of base64
	maxVoice     = 60       // seconds
	maxVideo     = 120      // seconds
	maxPushTitle = 50       // characters
)

// mediaBody is the JSON of every type that names a file: each has some of the members.
type mediaBody struct {
	Content  string `json:"content,omitempty"` // the thumbnail
	ImageURL string `json:"imageUri,omitempty"`
	VoiceURL string `json:"remoteUrl,omitempty"`
	VideoURL string `json:"sightUrl,omitempty"`
	FileURL  string `json:"fileUrl,omitempty"`
	Name     string `json:"name,omitempty"`
	Type     string `json:"type,omitempty"`
	Size     int64  `json:"size,omitempty"`
	Seconds  int    `json:"duration,omitempty"`
	Extra    string `json:"extra,omitempty"`
}

type placeBody struct {
	Latitude  float64 `json:"latitude"`
	Longitude float64 `json:"longitude"`
	Name      string  `json:"poi,omitempty"`
	Content   string  `json:"content,omitempty"`
	Extra     string  `json:"extra,omitempty"`
}

// noThumbnail is a JPEG of one gray pixel, for a picture that came without: the vendor
// insists on one (docs/vendors/rongcloud.md#object-names).
const noThumbnail = "/9j/4AAQSkZJRgABAQEASABIAAD/2wBDAP//////////////////////////////////////////////////////////////////////////////////////wAALCAABAAEBAREA/8QAFAABAAAAAAAAAAAAAAAAAAAACf/EABQQAQAAAAAAAAAAAAAAAAAAAAD/2gAIAQEAAD8AVN//2Q=="

// media is the type and JSON of what names a file or a place.
func (a *adapter) media(op string, c vendors.Content) (typ, content string, err error) {
	if c.Kind == vendors.Location && c.Place != nil {
		if len(c.Place.Thumbnail) > maxThumbnail {
			return "", "", a.refuse(op, vendors.ErrTooLarge, "the thumbnail has more than 10 KB")
		}
		return locationType, encode(placeBody{c.Place.Latitude, c.Place.Longitude, c.Place.Name, c.Place.Thumbnail, c.Extra}), nil
	}
	f := c.File
	switch {
	case f == nil:
		return "", "", a.refuse(op, vendors.ErrUnsupported, "no such kind of content")
	case f.URL == "":
		return "", "", a.refuse(op, vendors.ErrInvalid, "a file without a URL")
	case len(f.Thumbnail) > maxThumbnail:
		return "", "", a.refuse(op, vendors.ErrTooLarge, "the thumbnail has more than 10 KB")
	}
	body := mediaBody{Content: f.Thumbnail, Name: f.Name, Type: f.Type, Size: f.Bytes, Seconds: f.Seconds, Extra: c.Extra}
	switch c.Kind {
	case vendors.Image:
		if typ, body.ImageURL = imageType, f.URL; f.Thumbnail == "" {
			body.Content = noThumbnail
		}
	case vendors.Voice:
		typ, body.VoiceURL = voiceType, f.URL
		err = a.plays(op, f.Seconds, maxVoice)
	case vendors.Video:
		typ, body.VideoURL = videoType, f.URL
		err = a.plays(op, f.Seconds, maxVideo)
	case vendors.Document:
		if typ, body.FileURL = fileType, f.URL; f.Name == "" {
			err = a.refuse(op, vendors.ErrInvalid, "a file without a name")
		}
	default:
		err = a.refuse(op, vendors.ErrUnsupported, "no such kind of content")
	}
	return typ, encode(body), err
}

func (a *adapter) plays(op string, seconds, most int) error {
	switch {
	case seconds < 1:
		return a.refuse(op, vendors.ErrInvalid, "how long it plays is missing")
	case seconds > most:
		return a.refuse(op, vendors.ErrTooLarge, "it plays for too long")
	}
	return nil
}

// readMedia is what media encoded, and what clients send under the same types.
func readMedia(typ, content string) (c vendors.Content, known bool) {
	if typ == locationType {
		var b placeBody
		if json.Unmarshal([]byte(content), &b) != nil {
			return c, false
		}
		return vendors.Content{Kind: vendors.Location, Extra: b.Extra, Place: &vendors.Place{Latitude: b.Latitude, Longitude: b.Longitude, Name: b.Name, Thumbnail: b.Content}}, true
	}
	kind, known := map[string]vendors.ContentKind{imageType: vendors.Image, voiceType: vendors.Voice, videoType: vendors.Video, fileType: vendors.Document}[typ]
	var b mediaBody
	if !known || json.Unmarshal([]byte(content), &b) != nil {
		return c, false
	}
	f := &vendors.File{URL: b.ImageURL + b.VoiceURL + b.VideoURL + b.FileURL, Name: b.Name, Type: b.Type, Bytes: b.Size, Seconds: b.Seconds, Thumbnail: b.Content}
	if b.Content == noThumbnail {
		f.Thumbnail = ""
	}
	return vendors.Content{Kind: kind, Extra: b.Extra, File: f}, true
}

// withPush adds what devices show (docs/vendors/rongcloud.md#push-fields).
func (a *adapter) withPush(op string, m vendors.Message, form upstream.Fields) (upstream.Fields, error) {
	switch {
	case m.Push == nil:
		return form, nil
	case m.Transient || m.Kind == vendors.ToChatRooms:
		return nil, a.refuse(op, vendors.ErrUnsupported, "such a message makes no notification")
	case m.Push.Text == "":
		return nil, a.refuse(op, vendors.ErrInvalid, "a notification without text")
	case utf8.RuneCountInString(m.Push.Title) > maxPushTitle:
		return nil, a.refuse(op, vendors.ErrTooLarge, "the title has more than 50 characters")
	}
	form = append(form, upstream.Fields{{"pushContent", m.Push.Text}}...)
	if m.Push.Title != "" {
		form.Set("pushExt", encode(map[string]string{"title": m.Push.Title}))
	}
	return form, nil
}
