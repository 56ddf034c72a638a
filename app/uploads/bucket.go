package uploads

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"

	"github.com/minio/minio-go/v7"
	"github.com/minio/minio-go/v7/pkg/credentials"
)

const (
	partBytes = 5 << 20 // of an upload in parts; S3's smallest
	attempts  = 3       // of one request to the server
)

// bucket keeps files on an S3-compatible server.
type bucket struct {
	client    minio.Core
	transport *http.Transport
	location
}

// openBucket asks the server nothing: a bucket that is missing or closed to us shows
// when it is used.
func openBucket(l location) (*bucket, error) {
	transport, err := minio.DefaultTransport(!l.insecure)
	if err != nil {
		return nil, err
	}
	lookup := minio.BucketLookupAuto
	if l.pathStyle {
		lookup = minio.BucketLookupPath
	}
	client, err := minio.NewCore(l.endpoint, &minio.Options{
		Creds: l.credentials(), Secure: !l.insecure, Transport: transport,
		Region: l.region, BucketLookup: lookup, MaxRetries: attempts,
	})
	if err != nil {
		return nil, errors.New("the endpoint or the bucket's name is not one that S3 knows")
	}
	return &bucket{client: *client, transport: transport, location: l}, nil
}

// credentials are the URL's own, or else those that Amazon's tools would find:
// environment, shared file, the role of the machine.
func (l location) credentials() *credentials.Credentials {
	if l.key != "" {
		return credentials.NewStaticV4(l.key, l.secret, l.sess)
	}
	return credentials.NewChainCredentials([]credentials.Provider{
		&credentials.EnvAWS{},
		&credentials.FileAWSCredentials{Profile: l.profile},
		&credentials.IAM{},
	})
}

// put sends a small file at once and a large one in parts, which the server joins
// when all have come and drops otherwise.
func (b *bucket) put(ctx context.Context, name, original string, file io.Reader) error {
	var start bytes.Buffer
	size, err := io.CopyN(&start, file, partBytes+1)
	if err != nil && !errors.Is(err, io.EOF) {
		return err
	}
	whole := io.Reader(bytes.NewReader(start.Bytes()))
	if size > partBytes {
		whole, size = io.MultiReader(whole, file), -1
	}
	_, err = b.client.Client.PutObject(ctx, b.location.bucket, b.prefix+name, whole, size,
		minio.PutObjectOptions{ContentType: byEnding(ending(name)).mime, UserMetadata: metadata(original), PartSize: partBytes, SendContentMd5: true})
	if err != nil {
		return fmt.Errorf("writing to the bucket: %w", err)
	}
	return nil
}

// originalKey is the object's metadata that holds its original name, escaped: servers
// take ASCII.
const originalKey = "Original-Name"

func metadata(original string) map[string]string {
	if original == "" {
		return nil
	}
	return map[string]string{originalKey: url.PathEscape(original)}
}

func about(info minio.ObjectInfo) stored {
	original, err := url.PathUnescape(info.Metadata.Get("X-Amz-Meta-" + originalKey))
	if err != nil {
		original = "" // somebody else wrote it
	}
	return stored{info.Size, original}
}

func (b *bucket) stat(ctx context.Context, name string) (stored, error) {
	info, err := b.client.StatObject(ctx, b.location.bucket, b.prefix+name, minio.StatObjectOptions{})
	if err != nil {
		return stored{}, readError(err)
	}
	return about(info), nil
}

// get ends with ctx until the server's answer begins; what follows ends with Close.
func (b *bucket) get(ctx context.Context, name string, p *Part) (io.ReadCloser, stored, error) {
	var opts minio.GetObjectOptions
	if p != nil {
		if err := opts.SetRange(p.From, p.From+p.Length-1); err != nil {
			return nil, stored{}, err
		}
	}
	reading, cancel := context.WithCancel(context.WithoutCancel(ctx))
	stop := context.AfterFunc(ctx, cancel)
	r, info, _, err := b.client.GetObject(reading, b.location.bucket, b.prefix+name, opts)
	stop()
	if err != nil {
		cancel()
		return nil, stored{}, readError(err)
	}
	return download{ReadCloser: r, cancel: cancel}, about(info), nil
}

// remove is no error for what is not there, as S3 has it.
func (b *bucket) remove(ctx context.Context, name string) error {
	if err := b.client.RemoveObject(ctx, b.location.bucket, b.prefix+name, minio.RemoveObjectOptions{}); err != nil {
		return fmt.Errorf("removing from the bucket: %w", err)
	}
	return nil
}

func readError(err error) error {
	if minio.ToErrorResponse(err).Code == minio.NoSuchKey {
		return ErrNotFound
	}
	return fmt.Errorf("reading from the bucket: %w", err)
}

// download frees its connection when it is closed before its end.
type download struct {
	io.ReadCloser
	cancel context.CancelFunc
}

func (d download) Close() error {
	d.cancel()
	return d.ReadCloser.Close()
}

func (b *bucket) close() error {
	b.transport.CloseIdleConnections()
	return nil
}
