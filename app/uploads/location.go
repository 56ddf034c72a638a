package uploads

import (
	"errors"
	"fmt"
	"maps"
	"net/url"
	"os"
	"slices"
	"strings"
)

// location is what an s3 URL says: s3://bucket?endpoint=https://host:port&region=...
type location struct {
	bucket, prefix    string
	endpoint          string // host, with a port where it is not the scheme's own
	insecure          bool   // http, not https
	region            string // empty: the server is asked
	pathStyle         bool   // the bucket stands in the path, not in the host's name
	profile           string // of the shared credentials file
	key, secret, sess string // credentials; empty: those of the environment
}

const amazon = "s3.amazonaws.com"

// openPlace opens what raw names: a bucket, a folder, or dir when raw is empty. Its
// errors name what is wrong and repeat nothing of raw, which may hold credentials.
func openPlace(raw, dir string) (place, error) {
	if raw == "" {
		return openFolder(dir)
	}
	u, err := url.Parse(raw)
	if err != nil {
		return nil, errors.New("this is not a URL")
	}
	query, err := url.ParseQuery(u.RawQuery)
	if err != nil {
		return nil, errors.New("its query cannot be read")
	}
	switch u.Scheme {
	case "file":
		return openFileURL(u, query)
	case "s3":
		l, err := s3Location(u, query)
		if err != nil {
			return nil, err
		}
		return openBucket(l)
	case "gs":
		return nil, errors.New("gs:// is not taken; Google Cloud Storage is S3-compatible: s3://BUCKET?endpoint=https://storage.googleapis.com&region=auto with an HMAC key as credentials")
	case "azblob":
		return nil, errors.New("azblob:// is not taken, and Azure Blob Storage has no S3-compatible endpoint: use another store, an S3 gateway before it, or a folder")
	}
	return nil, errors.New("must begin with s3:// or file:///")
}

// openFileURL takes the parameters of earlier versions; only create_dir still means
// something.
func openFileURL(u *url.URL, query url.Values) (place, error) {
	if u.Host != "" && u.Host != "." && u.Host != "localhost" || u.Path == "" {
		return nil, errors.New("must be file:/// and a folder's absolute path")
	}
	for name := range query {
		if !slices.Contains([]string{"create_dir", "metadata", "no_tmp_dir"}, name) {
			return nil, errors.New("has a parameter that is not known; the known is create_dir")
		}
	}
	dir := u.Path
	if u.Host == "." {
		dir = "." + dir
	}
	if query.Get("create_dir") != "true" {
		if info, err := os.Stat(dir); err != nil || !info.IsDir() {
			return nil, errors.New("there is no such folder; create_dir=true makes it")
		}
	}
	return openFolder(dir)
}

// PlainHost is the host that files and their requests would go to without TLS; empty:
// there is none.
func (c Config) PlainHost() string {
	u, err := url.Parse(c.URL)
	if err != nil || u.Scheme != "s3" {
		return ""
	}
	l, err := s3Location(u, u.Query())
	if err != nil || !l.insecure {
		return ""
	}
	return (&url.URL{Host: l.endpoint}).Hostname()
}

// s3Location reads an s3 URL. What it does not say comes from the variables that
// Amazon's own tools read.
func s3Location(u *url.URL, query url.Values) (location, error) {
	l := location{
		bucket:   u.Host,
		endpoint: first(os.Getenv("AWS_ENDPOINT_URL_S3"), os.Getenv("AWS_ENDPOINT_URL"), "https://"+amazon),
		region:   first(os.Getenv("AWS_REGION"), os.Getenv("AWS_DEFAULT_REGION")),
	}
	if l.bucket == "" {
		return l, errors.New("names no bucket: want s3://BUCKET and its parameters")
	}
	if u.User != nil {
		return l, errors.New("holds a user or a password before the bucket; credentials are access_key and secret_key of the query, or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY")
	}
	texts := map[string]*string{
		"endpoint": &l.endpoint, "region": &l.region, "prefix": &l.prefix, "profile": &l.profile,
		"access_key": &l.key, "secret_key": &l.secret, "session_token": &l.sess,
	}
	flags := map[string]*bool{"use_path_style": &l.pathStyle, "s3ForcePathStyle": &l.pathStyle, "disable_https": &l.insecure}
	for name, values := range query {
		switch value := values[0]; {
		case texts[name] != nil:
			*texts[name] = value
		case flags[name] != nil:
			*flags[name] = value == "true"
		default:
			return l, fmt.Errorf("has a parameter that is not known; the known are %s", strings.Join(slices.Sorted(maps.Keys(texts)), ", ")+", use_path_style, disable_https")
		}
	}
	if (l.key == "") != (l.secret == "") {
		return l, errors.New("holds one of access_key and secret_key; both are needed")
	}
	return l, l.splitEndpoint()
}

// splitEndpoint takes host:port and scheme://host:port.
func (l *location) splitEndpoint() error {
	if !strings.Contains(l.endpoint, "://") {
		l.endpoint = "https://" + l.endpoint
	}
	u, err := url.Parse(l.endpoint)
	if err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" || strings.Trim(u.Path, "/") != "" || u.User != nil || u.RawQuery != "" {
		return errors.New("endpoint must be http or https with a host and nothing else")
	}
	l.endpoint, l.insecure = u.Host, l.insecure || u.Scheme == "http"
	return nil
}

// first is the first text that is not empty.
func first(texts ...string) string {
	for _, t := range texts {
		if t != "" {
			return t
		}
	}
	return ""
}
