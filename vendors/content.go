package vendors

// The kinds of content that name something outside the message. A vendor that has no
// form of its own for one takes it under the type name and in the JSON that
// RongCloud's clients know (docs/vendors/rongcloud.md#object-names).
const (
	Image    ContentKind = "image"    // File, with a Thumbnail if there is one
	Voice    ContentKind = "voice"    // File, with Seconds
	Video    ContentKind = "video"    // File, with Seconds
	Document ContentKind = "file"     // File, with a Name
	Location ContentKind = "location" // Place
)

// File is what a message names by its URL.
type File struct {
	URL       string
	Name      string // as people see it
	Type      string // of its content, such as a MIME type
	Bytes     int64  // 0: unknown
	Seconds   int    // that it plays for; 0: unknown
	Thumbnail string // a small JPEG in base64; may be empty
}

// Place is where a message says that something is.
type Place struct {
	Latitude  float64 // degrees
	Longitude float64 // degrees
	Name      string
	Thumbnail string // a small JPEG of a map in base64; may be empty
}

// Notification is what a device shows of a message whose receiver is not connected.
type Notification struct {
	Title string // may be empty
	Text  string
}
