package uploads

import (
	"bytes"
	"mime"
	"slices"
	"strings"

	"github.com/gabriel-vasile/mimetype"
)

const sniffed = 3072 // bytes that tell a type; the library looks at no more

// A fileType is one that may be allowed. The first of those that are allowed and whose
// content fits is a file's own, so that a table is a csv where csv is allowed, and else
// a txt.
type fileType struct {
	ending  string   // of names, and in the configuration
	mime    string   // it is served as
	shown   bool     // a browser may show it in its place; others are downloads
	found   []string // by content
	endings []string // that original names may have, besides ending
}

// What a browser could run is not among them, and no type takes such content: HTML,
// SVG and other XML, scripts and programs.
var fileTypes = []fileType{
	{"png", "image/png", true, []string{"image/png", "image/apng", "image/vnd.mozilla.apng"}, []string{"apng"}},
	{"jpg", "image/jpeg", true, []string{"image/jpeg"}, []string{"jpeg", "jpe", "jfif"}},
	{"gif", "image/gif", true, []string{"image/gif"}, nil},
	{"webp", "image/webp", true, []string{"image/webp"}, nil},
	{"heic", "image/heic", true, []string{"image/heic", "image/heic-sequence", "image/heif", "image/heif-sequence"}, []string{"heif", "hif"}},
	{"avif", "image/avif", true, []string{"image/avif"}, nil},
	{"mp3", "audio/mpeg", true, []string{"audio/mpeg"}, nil},
	{"m4a", "audio/mp4", true, []string{"audio/x-m4a", "audio/mp4"}, []string{"m4b", "mp4"}},
	{"aac", "audio/aac", true, []string{"audio/aac"}, nil},
	{"amr", "audio/amr", true, []string{"audio/amr"}, []string{"awb"}},
	{"wav", "audio/wav", true, []string{"audio/wav"}, []string{"wave"}},
	{"ogg", "audio/ogg", true, []string{"audio/ogg", "application/ogg"}, []string{"oga", "opus", "spx"}},
	{"flac", "audio/flac", true, []string{"audio/flac"}, nil},
	{"mp4", "video/mp4", true, []string{"video/mp4", "video/x-m4v"}, []string{"m4v", "f4v"}},
	{"webm", "video/webm", true, []string{"video/webm"}, []string{"weba"}},
	{"mov", "video/quicktime", true, []string{"video/quicktime"}, []string{"qt", "mqv"}},
	{"3gp", "video/3gpp", true, []string{"video/3gpp", "video/3gpp2"}, []string{"3gpp", "3g2"}},
	{"ogv", "video/ogg", true, []string{"video/ogg"}, []string{"ogg"}},
	{"pdf", "application/pdf", false, []string{"application/pdf"}, nil},
	{"docx", "application/vnd.openxmlformats-officedocument.wordprocessingml.document", false,
		[]string{"application/vnd.openxmlformats-officedocument.wordprocessingml.document"}, nil},
	{"xlsx", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", false,
		[]string{"application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"}, nil},
	{"pptx", "application/vnd.openxmlformats-officedocument.presentationml.presentation", false,
		[]string{"application/vnd.openxmlformats-officedocument.presentationml.presentation"}, nil},
	{"doc", "application/msword", false, []string{"application/msword"}, nil},
	{"xls", "application/vnd.ms-excel", false, []string{"application/vnd.ms-excel"}, nil},
	{"ppt", "application/vnd.ms-powerpoint", false, []string{"application/vnd.ms-powerpoint"}, nil},
	{"csv", "text/csv; charset=utf-8", false, []string{"text/csv"}, nil},
	{"txt", "text/plain; charset=utf-8", false,
		[]string{"text/plain", "text/csv", "text/tab-separated-values", "application/json", "application/x-ndjson", "text/vtt", "application/x-subrip", "text/vcard", "text/calendar"},
		[]string{"text", "log", "md", "csv", "tsv", "json", "ndjson", "vtt", "srt", "vcf", "ics"}},
	{"zip", "application/zip", false, []string{"application/zip"}, nil},
}

func known() (endings []string) {
	for _, t := range fileTypes {
		endings = append(endings, t.ending)
	}
	return slices.Sorted(slices.Values(endings))
}

// byEnding finds a type by its configured ending; nil for none of ours.
func byEnding(ending string) *fileType {
	i := slices.IndexFunc(fileTypes, func(t fileType) bool { return t.ending == ending })
	if i < 0 {
		return nil
	}
	return &fileTypes[i]
}

// typeOf tells a file's type by its first bytes; nil when it is none of those allowed.
func typeOf(head []byte, allowed []string) *fileType {
	content := contentOf(head)
	i := slices.IndexFunc(fileTypes, func(t fileType) bool {
		return slices.Contains(allowed, t.ending) && slices.Contains(t.found, content)
	})
	if i < 0 {
		return nil
	}
	return &fileTypes[i]
}

// contentOf is the media type of a file's content; empty when nobody knows it.
func contentOf(head []byte) string {
	content, params, err := mime.ParseMediaType(mimetype.Detect(head).String())
	charset := params["charset"]
	switch {
	case bytes.HasPrefix(head, []byte("ID3")): // https://mimesniff.spec.whatwg.org asks for no more; the library wants the whole tag
		return "audio/mpeg"
	case bytes.HasPrefix(head, []byte("\x1aE\xdf\xa3")) && bytes.Contains(head[:min(len(head), 64)], []byte("webm")):
		return "video/webm"
	case err != nil, charset != "" && charset != "utf-8": // bytes that might be anything
		return ""
	}
	return content
}

// fits says whether a file of type t may be called name: what is no film of t's kind
// is not to be opened as something else when it was saved.
func (t *fileType) fits(name string) bool {
	ending := strings.ToLower(ending(name))
	return ending == t.ending || slices.Contains(t.endings, ending)
}
