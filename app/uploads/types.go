package uploads

import (
	"bytes"
	"maps"
	"slices"
)

const sniffed = 512 // bytes that tell a type

// mimes are the types that can be told by content.
var mimes = map[string]string{
	"png":  "image/png",
	"jpg":  "image/jpeg",
	"gif":  "image/gif",
	"webp": "image/webp",
	"mp3":  "audio/mpeg",
	"m4a":  "audio/mp4",
	"mp4":  "video/mp4",
	"pdf":  "application/pdf",
}

func known() []string { return slices.Sorted(maps.Keys(mimes)) }

// typeOf tells a file's type by its first bytes; empty when it is none of ours.
func typeOf(head []byte) string {
	switch {
	case bytes.HasPrefix(head, []byte("\x89PNG\r\n\x1a\n")):
		return "png"
	case bytes.HasPrefix(head, []byte("\xff\xd8\xff")):
		return "jpg"
	case bytes.HasPrefix(head, []byte("GIF87a")), bytes.HasPrefix(head, []byte("GIF89a")):
		return "gif"
	case len(head) >= 12 && string(head[:4]) == "RIFF" && string(head[8:12]) == "WEBP":
		return "webp"
	case bytes.HasPrefix(head, []byte("%PDF-")):
		return "pdf"
	case bytes.HasPrefix(head, []byte("ID3")), isMP3Frame(head):
		return "mp3"
	case len(head) >= 12 && string(head[4:8]) == "ftyp":
		return isoType(string(head[8:12]))
	}
	return ""
}

// isMP3Frame knows the header of an MPEG audio frame of layer III: eleven bits of
// sync, then a version, a rate and a frequency that exist.
func isMP3Frame(head []byte) bool {
	if len(head) < 4 || head[0] != 0xff || head[1]&0xe0 != 0xe0 {
		return false
	}
	version, layer, rate, frequency := head[1]>>3&3, head[1]>>1&3, head[2]>>4, head[2]>>2&3
	return version != 1 && layer == 1 && rate != 0 && rate != 15 && frequency != 3
}

// isoType tells sound from film by the major brand of an ISO media file.
func isoType(brand string) string {
	switch brand {
	case "M4A ", "M4B ":
		return "m4a"
	case "isom", "iso2", "iso4", "iso5", "iso6", "mp41", "mp42", "avc1", "dash", "M4V ", "MSNV", "f4v ":
		return "mp4"
	}
	return ""
}
