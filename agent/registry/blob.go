package registry

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"io"
	"net/http"
	"os"
	"strings"

	"pulumi-slipway/agent/api"
)

// copyBuffer is large enough for few system calls.
const copyBuffer = 256 << 10

// download is a blob on its way into a file.
type download struct {
	*Descriptor
	from *Repository
	file *os.File
	// have is how much of it the file holds, and sum the digest so far.
	have int64
	sum  hash.Hash
}

// blob goes on with what a file holds of a blob until it is whole, and verifies it. Where what was there turns out to be
// something else, it begins anew, once.
func (r *Repository) blob(ctx context.Context, d Descriptor, file *os.File, received func(int64)) error {
	down := &download{Descriptor: &d, from: r, file: file}
	if err := down.resume(); err != nil {
		return err
	}
	inherited := down.have
	received(down.have)
	for {
		err := r.persist(ctx, func() (bool, error) {
			before := down.have
			err := down.receive(ctx, received)
			return down.have > before, err
		})
		if err != nil {
			return err
		}
		found := "sha256:" + hex.EncodeToString(down.sum.Sum(nil))
		if found == d.Digest {
			return nil
		}
		if err := down.restart(received); err != nil {
			return err
		}
		if inherited == 0 {
			return r.mismatch(d.Digest, found)
		}
		inherited = 0
	}
}

// resume reads what the file holds.
func (d *download) resume() error {
	d.sum = sha256.New()
	have, err := io.CopyBuffer(struct{ io.Writer }{d.sum}, struct{ io.Reader }{d.file}, make([]byte, copyBuffer))
	if err != nil {
		return fmt.Errorf("read what is here of an archive: %w", err)
	}
	d.have = have
	if have > d.Size {
		return d.restart(func(int64) {})
	}
	return nil
}

func (d *download) restart(received func(int64)) error {
	received(-d.have)
	d.have = 0
	d.sum.Reset()
	if err := d.file.Truncate(0); err != nil {
		return fmt.Errorf("begin an archive anew: %w", err)
	}
	if _, err := d.file.Seek(0, io.SeekStart); err != nil {
		return fmt.Errorf("begin an archive anew: %w", err)
	}
	return nil
}

// receive asks for what is missing and appends it.
func (d *download) receive(ctx context.Context, received func(int64)) error {
	if d.have == d.Size {
		return nil
	}
	header := http.Header{}
	if d.have > 0 {
		header.Set("Range", fmt.Sprintf("bytes=%d-", d.have))
	}
	response, err := d.from.get(ctx, "blobs/"+d.Digest, header)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	rest := fmt.Sprintf("bytes %d-%d/", d.have, d.Size-1)
	if d.have > 0 && (response.StatusCode != http.StatusPartialContent || !strings.HasPrefix(response.Header.Get("Content-Range"), rest)) {
		// Some send everything whatever they are asked for. Anything but that would be another part than the missing one.
		if response.StatusCode != http.StatusOK {
			return d.from.invalid("receive", "it sends another part of a blob than it was asked for")
		}
		if err := d.restart(received); err != nil {
			return err
		}
	}
	watched := d.from.watch(ctx, response.Body)
	defer watched.stop()
	return d.append(watched, received)
}

func (d *download) append(body io.Reader, received func(int64)) error {
	buffer := make([]byte, copyBuffer)
	for {
		n, err := body.Read(buffer)
		if d.have+int64(n) > d.Size {
			return d.from.tooLong(d.Digest, d.Size)
		}
		if _, err := d.file.Write(buffer[:n]); err != nil {
			return api.Failed(api.CodeInternal, "receive archive", d.Digest, err, "")
		}
		d.sum.Write(buffer[:n])
		d.have += int64(n)
		received(int64(n))
		switch {
		case errors.Is(err, io.EOF) && d.have < d.Size:
			return d.from.brokeOff(fmt.Sprintf("%d of %d bytes had come", d.have, d.Size))
		case errors.Is(err, io.EOF):
			return nil
		case err != nil:
			return err
		}
	}
}

func (r *Repository) mismatch(wanted, found string) error {
	return &api.Problem{Code: api.CodeDigestMismatch, Step: "receive", Object: r.String(),
		Detail: fmt.Sprintf("%s: what was sent for %s is %s, so it was thrown away; the registry is broken, or something between is "+
			"not to be trusted", r, wanted, found)}
}

func (r *Repository) tooLong(digest string, size int64) error {
	return &api.Problem{Code: api.CodeDigestMismatch, Step: "receive", Object: r.String(),
		Detail: fmt.Sprintf("%s: the manifest says that %s has %d bytes, and more of them come; the registry is broken, or something "+
			"between is not to be trusted", r, digest, size)}
}
