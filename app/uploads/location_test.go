package uploads

import (
	"errors"
	"os"
	"strings"
	"testing"
	"time"
)

func TestS3URLsSayWhereTheBucketIs(t *testing.T) {
	for _, name := range []string{"AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_S3", "AWS_DEFAULT_REGION"} {
		t.Setenv(name, "")
	}
	t.Setenv("AWS_REGION", "eu-west-1")
	for raw, want := range map[string]location{
		"s3://photos":                  {bucket: "photos", endpoint: amazon, region: "eu-west-1"},
		"s3://photos?region=us-east-2": {bucket: "photos", endpoint: amazon, region: "us-east-2"},
		"s3://photos?endpoint=http://minio:9000&s3ForcePathStyle=true&prefix=up/": {
			bucket: "photos", endpoint: "minio:9000", insecure: true, pathStyle: true, prefix: "up/", region: "eu-west-1"},
		"s3://photos?endpoint=minio:9000&disable_https=true&use_path_style=true": {
			bucket: "photos", endpoint: "minio:9000", insecure: true, pathStyle: true, region: "eu-west-1"},
		"s3://photos?access_key=a&secret_key=b&session_token=c": {
			bucket: "photos", endpoint: amazon, region: "eu-west-1", key: "a", secret: "b", sess: "c"},
	} {
		p, err := openPlace(raw, "")
		if err != nil {
			t.Errorf("%s: %v", raw, err)
			continue
		}
		if got := p.(*bucket).location; got != want {
			t.Errorf("%s: %+v", raw, got)
		}
	}
	t.Setenv("AWS_ENDPOINT_URL_S3", "http://127.0.0.1:9000")
	if p, err := openPlace("s3://photos", ""); err != nil || p.(*bucket).endpoint != "127.0.0.1:9000" {
		t.Errorf("the endpoint of the environment: %+v %v", p, err)
	}
}

// A refused URL may hold credentials anywhere: the error repeats none of it, and says
// what would be right.
func TestRefusedURLsAreNotRepeated(t *testing.T) {
	for raw, want := range map[string]string{
		"gs://PLANTED?access_key=PLANTED":                        "endpoint=https://storage.googleapis.com",
		"azblob://PLANTED?key=PLANTED":                           "no S3-compatible endpoint",
		"ftp://PLANTED:PLANTED@PLANTED/PLANTED":                  "s3://",
		"s3://PLANTED%zz":                                        "not a URL",
		"s3://b?x=%PLANTED":                                      "query",
		"s3://?access_key=PLANTED&secret_key=PLANTED":            "no bucket",
		"s3://b?accesskey=PLANTED":                               "access_key",
		"s3://b?PLANTED=PLANTED":                                 "the known are",
		"s3://b?access_key=PLANTED":                              "both are needed",
		"s3://PLANTED:PLANTED@b":                                 "access_key and secret_key of the query",
		"s3://b?endpoint=https://PLANTED:PLANTED@h":              "endpoint must be",
		"s3://b?endpoint=ftp://PLANTED":                          "endpoint must be",
		"s3://b?endpoint=http://bad%20host/&secret_key=PLANTED":  "both are needed",
		"s3://b?endpoint=http://-.:x/&access_key=P&secret_key=P": "endpoint",
		"file://PLANTED/folder":                                  "absolute path",
		"file:///PLANTED/nowhere":                                "no such folder",
		"file:///tmp?PLANTED=PLANTED":                            "create_dir",
	} {
		_, err := Open(Config{Parallel: 1, MaxBytes: 1, URL: raw}, t.TempDir())
		if err == nil || !strings.HasPrefix(err.Error(), "BLOB_URL: ") || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "PLANTED") {
			t.Errorf("%s: %v", raw, err)
		}
	}
}

func TestAFolderByURL(t *testing.T) {
	dir := t.TempDir()
	for _, raw := range []string{"file://" + dir, "file://" + dir + "?metadata=skip", "file://" + dir + "/new?create_dir=true"} {
		s, err := Open(Config{Parallel: 1, MaxBytes: 100, Types: []string{"png"}, URL: raw}, "")
		if err != nil {
			t.Errorf("%s: %v", raw, err)
			continue
		}
		if _, err := s.Save(t.Context(), "", strings.NewReader(samples["png"])); err != nil {
			t.Errorf("%s: %v", raw, err)
		}
	}
}

func TestACrashLeavesNothingThatStays(t *testing.T) {
	dir := t.TempDir()
	old, young := dir+"/"+unfinished+"1", dir+"/"+unfinished+"2"
	for _, path := range []string{old, young} {
		if err := os.WriteFile(path, []byte("half"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Chtimes(old, time.Time{}, time.Now().Add(-2*abandoned)); err != nil {
		t.Fatal(err)
	}
	if _, err := openFolder(dir); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(old); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("the abandoned file: %v", err)
	}
	if _, err := os.Stat(young); err != nil {
		t.Errorf("the file of a process that may still write: %v", err)
	}
}
