package service_test

import (
	"fmt"
	"testing"

	"github.com/l2sces/l2sces/pkg/slice"
	"github.com/l2sces/l2sces/plugin/service"
	"github.com/l2sces/l2sces/plugin/service/servicetest"
)

// many is a book of n services of one account, each of two workloads.
func many(b *testing.B, n int) *service.Book {
	b.Helper()
	book, _ := servicetest.Book(b)
	err := book.Update(b.Context(), service.VPLS, "osm", func(tx *service.Tx) error {
		for i := range n {
			tx.Put(numbered(i))
		}
		return nil
	})
	if err != nil {
		b.Fatal(err)
	}
	return book
}

func numbered(i int) service.Service {
	return tagged(wish(fmt.Sprintf("s%d", i), fmt.Sprintf("field/cam-%d", i), fmt.Sprintf("fire/tablet-%d", i)), slice.VLAN(1+i%4000), true)
}

// What one change costs among many services, besides the SCO and the disk.
func BenchmarkUpdate(b *testing.B) {
	for _, n := range []int{100, 1000, 10_000} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			book := many(b, n)
			for i := 0; b.Loop(); i++ {
				err := book.Update(b.Context(), service.VPLS, "osm", func(tx *service.Tx) error {
					s := numbered(7)
					s.Title = fmt.Sprint(i)
					s.Intents.Slice.Networks[0].BandwidthKbps = uint32(1000 + i)
					tx.Put(s)
					return nil
				})
				if err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func BenchmarkState(b *testing.B) {
	book := many(b, 1000)
	for b.Loop() {
		if _, err := book.State(b.Context(), service.Key{Door: service.VPLS, Account: "osm", ID: "s7"}); err != nil {
			b.Fatal(err)
		}
	}
}
