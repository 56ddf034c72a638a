package linkv

import (
	"maps"

	"switchboard/vendors"
)

// media is the object name and JSON of what names a file or a place: those that
// RongCloud's clients know, as for tip and command. LinkV's samples use RC:ImgMsg
// (docs/vendors/linkv.md#messages).
func (a *adapter) media(op string, c vendors.Content) (object, body string, err error) {
	var members map[string]any
	switch {
	case c.Kind == vendors.Location && c.Place != nil:
		object, members = "RC:LBSMsg", map[string]any{"latitude": c.Place.Latitude, "longitude": c.Place.Longitude, "poi": c.Place.Name, "content": c.Place.Thumbnail}
	case c.File == nil || c.File.URL == "":
		return "", "", vendors.Refuse(a.name, op, vendors.ErrInvalid, "a file without a URL")
	case c.Kind == vendors.Image:
		object, members = "RC:ImgMsg", map[string]any{"imageUri": c.File.URL, "content": c.File.Thumbnail}
	case c.Kind == vendors.Voice:
		object, members = "RC:HQVCMsg", map[string]any{"remoteUrl": c.File.URL, "duration": c.File.Seconds}
	case c.Kind == vendors.Video:
		object, members = "RC:SightMsg", map[string]any{"sightUrl": c.File.URL, "duration": c.File.Seconds, "content": c.File.Thumbnail}
	case c.Kind == vendors.Document:
		object, members = "RC:FileMsg", map[string]any{"fileUrl": c.File.URL}
	default:
		return "", "", vendors.Refuse(a.name, op, vendors.ErrUnsupported, "no such kind of content")
	}
	if c.File != nil {
		maps.Copy(members, map[string]any{"name": c.File.Name, "type": c.File.Type, "size": c.File.Bytes})
	}
	members["extra"] = c.Extra
	maps.DeleteFunc(members, func(_ string, v any) bool { return v == "" || v == int64(0) })
	return object, encode(members), nil
}
