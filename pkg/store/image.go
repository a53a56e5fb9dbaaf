package store

import (
	"bufio"
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"hash"
	"io"
	"unicode/utf8"

	"github.com/l2sces/l2sces/pkg/slice"
)

// An image is text, so that a person can look into it: a line that says what it
// is, a line for each value, and a line with their count and the SHA-256 of all
// the lines before. One without the last line is torn.
const (
	imageFormat  = "l2sces-store"
	imageVersion = 1
	maxLine      = 128 << 20 // bytes
)

// An Image tells what a backup holds.
type Image struct {
	Schema  string         `json:"schema"`
	Values  int            `json:"values"`
	Bytes   int64          `json:"bytes"` // of the values
	Buckets map[string]int `json:"buckets"`

	generation string
}

// count enters a value.
func (i *Image) count(bucket string, value []byte) {
	if i.Buckets == nil {
		i.Buckets = map[string]int{}
	}
	i.Buckets[bucket]++
	i.Values++
	i.Bytes += int64(len(value))
}

// imageHead is the first line.
type imageHead struct {
	Format     string `json:"format"`
	Version    int    `json:"version"`
	Schema     string `json:"schema"`
	Generation string `json:"generation,omitempty"` // of the last term
}

// imageLine is each further one: a value, or the last line.
type imageLine struct {
	Bucket string `json:"bucket,omitempty"`
	Key    string `json:"key,omitempty"`
	// One of the two: JSON as it is, anything else in base64.
	Value json.RawMessage `json:"value,omitempty"`
	Bytes []byte          `json:"bytes,omitempty"`

	End *imageEnd `json:"end,omitempty"`
}

type imageEnd struct {
	Values int    `json:"values"`
	SHA256 string `json:"sha256"`
}

// lineOf writes a value so that reading gives the same bytes.
func lineOf(bucket, key string, value []byte) ([]byte, error) {
	if !utf8.ValidString(bucket) || !utf8.ValidString(key) {
		return nil, slice.Errorf(slice.Invalid, "%q in %q: an image has no way to write this key", key, bucket)
	}
	l := imageLine{Bucket: bucket, Key: key, Value: value}
	if text, err := json.Marshal(l); err == nil && len(value) > 0 {
		var again imageLine
		if json.Unmarshal(text, &again) == nil && bytes.Equal(again.Value, value) {
			return text, nil
		}
	}
	return json.Marshal(imageLine{Bucket: bucket, Key: key, Bytes: value})
}

// value returns the bytes of a line.
func (l imageLine) value() []byte {
	if l.Value != nil {
		return l.Value
	}
	return append([]byte{}, l.Bytes...)
}

// An imageWriter writes lines and sums them up.
type imageWriter struct {
	w   *bufio.Writer
	sum hash.Hash
}

func newImageWriter(w io.Writer) *imageWriter {
	return &imageWriter{w: bufio.NewWriterSize(w, 1<<16), sum: sha256.New()}
}

func (w *imageWriter) line(text []byte) error {
	for _, b := range [][]byte{text, []byte("\n")} {
		_, _ = w.sum.Write(b) // a sum takes everything
		if _, err := w.w.Write(b); err != nil {
			return err
		}
	}
	return nil
}

func (w *imageWriter) value(v any) error {
	text, err := json.Marshal(v)
	if err != nil {
		return err
	}
	return w.line(text)
}

// end writes the last line.
func (w *imageWriter) end(values int) error {
	sum := hex.EncodeToString(w.sum.Sum(nil))
	return errors.Join(w.value(imageLine{End: &imageEnd{values, sum}}), w.w.Flush())
}

// ReadImage reads an image and calls take for each value. Only when it returns
// no error was the image whole.
func ReadImage(r io.Reader, take func(bucket, key string, value []byte) error) (Image, error) {
	lines := bufio.NewScanner(r)
	lines.Buffer(make([]byte, 0, 1<<16), maxLine)
	sum := sha256.New()
	i, err := readHead(lines, sum)
	if err != nil {
		return i, err
	}
	for lines.Scan() {
		var l imageLine
		if err := json.Unmarshal(lines.Bytes(), &l); err != nil {
			return i, torn("line %d: %w", i.Values+2, err)
		}
		if l.End != nil {
			return i, finish(lines, i, *l.End, sum)
		}
		write(sum, lines.Bytes())
		if l.Bucket == "" || l.Key == "" {
			return i, torn("line %d: no key", i.Values+2)
		}
		value := bytes.Clone(l.value())
		if err := take(l.Bucket, l.Key, value); err != nil {
			return i, err
		}
		i.count(l.Bucket, value)
	}
	return i, errors.Join(lines.Err(), torn("it has no end"))
}

func readHead(lines *bufio.Scanner, sum hash.Hash) (Image, error) {
	if !lines.Scan() {
		return Image{}, errors.Join(lines.Err(), torn("it is empty"))
	}
	var h imageHead
	if err := json.Unmarshal(lines.Bytes(), &h); err != nil || h.Format != imageFormat {
		return Image{}, slice.Errorf(slice.Invalid, "this is no image of a store")
	}
	if h.Version != imageVersion {
		return Image{}, slice.Errorf(slice.Invalid, "the image has form %d and this program knows %d: use the version that wrote it", h.Version, imageVersion)
	}
	write(sum, lines.Bytes())
	return Image{Schema: h.Schema, generation: h.Generation, Buckets: map[string]int{}}, nil
}

// finish compares the last line with what was read.
func finish(lines *bufio.Scanner, i Image, end imageEnd, sum hash.Hash) error {
	switch {
	case end.Values != i.Values:
		return torn("%d values of %d", i.Values, end.Values)
	case end.SHA256 != hex.EncodeToString(sum.Sum(nil)):
		return torn("its sum is wrong")
	case lines.Scan():
		return torn("something follows its end")
	}
	return lines.Err()
}

func write(sum hash.Hash, line []byte) {
	_, _ = sum.Write(line) // a sum takes everything
	_, _ = sum.Write([]byte("\n"))
}

func torn(format string, args ...any) error {
	return slice.Errorf(slice.Invalid, "the image is torn: %w", fmt.Errorf(format, args...))
}
