package vpls

import (
	"bytes"
	"encoding/json"
	"slices"
	"strconv"
	"time"

	"github.com/l2sces/l2sces/plugin/service"
)

// What is kept beside the services of an account: its document, when it was
// written (in milliseconds), and for each service where its interfaces lead.
const (
	documentNote = "document"
	updatedNote  = "updated"
	serviceNote  = "service/"
)

// documentOf returns the document of an account.
func documentOf(tx *service.Tx) ([]byte, error) {
	if text := tx.Note(documentNote); text != nil {
		return text, nil
	}
	d, err := readDocument([]byte(blank))
	if err != nil {
		return nil, err
	}
	return d.text(0), nil
}

// keep makes a document the account's. Each has another time than the one before.
func keep(tx *service.Tx, d *document, now time.Time) {
	before, _ := strconv.ParseInt(string(tx.Note(updatedNote)), 10, 64) // none: 0
	updated := max(now.UnixMilli(), before+1)
	tx.SetNote(documentNote, d.text(updated))
	tx.SetNote(updatedNote, strconv.AppendInt(nil, updated, 10))
}

// kept is the note of a service: a line with what the document says, which is
// compared for every service whenever a document is written, and below it the points
// with where they lead. A line with a mark equals no other: there is something to
// look up again.
func kept(points []point) ([]byte, error) {
	line := said(points)
	if slices.ContainsFunc(points, func(p point) bool { return p.At == nil }) {
		line = append(line, '?')
	}
	below, err := json.Marshal(points)
	return append(append(line, '\n'), below...), err
}

// said is what a document says of points, in one line.
func said(points []point) []byte {
	line := make([]byte, 0, 128)
	for _, p := range points {
		line = strconv.AppendQuote(line, p.Name)
		line = strconv.AppendQuote(line, p.Port)
		line = strconv.AppendUint(line, uint64(p.VLAN), 10)
	}
	return line
}

// unchanged reports whether a note is of the same points, all of them placed.
func unchanged(note []byte, points []point) bool {
	return bytes.HasPrefix(note, append(said(points), '\n'))
}

// readKept returns the points of a note; none has none.
func readKept(note []byte) (points []point, err error) {
	if note == nil {
		return nil, nil
	}
	_, below, _ := bytes.Cut(note, []byte("\n"))
	return points, json.Unmarshal(below, &points)
}
