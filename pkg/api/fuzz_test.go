package api

import (
	"testing"

	"google.golang.org/protobuf/proto"

	pb "github.com/l2sces/l2sces/pkg/api/l2sces/v1"
	"github.com/l2sces/l2sces/pkg/bridge"
	"github.com/l2sces/l2sces/pkg/intent"
)

// Messages of any peer become values, or errors. It looks inside, because gRPC
// between would be most of the work.
func FuzzMessages(f *testing.F) {
	m, err := message(segmentList[intent.Segment]{[]intent.Segment{{Type: "vnet", MTU: 1400, Ports: []intent.SegmentPort{{Workload: "w"}}}}}, &pb.ApplySegmentsRequest{})
	if err != nil {
		f.Fatal(err)
	}
	text, err := proto.Marshal(m)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(text)
	f.Fuzz(func(_ *testing.T, text []byte) {
		var segments pb.ApplySegmentsRequest
		if proto.Unmarshal(text, &segments) == nil {
			if all, err := value[segmentList[intent.Segment]](&segments); err == nil {
				for _, s := range all.Segments {
					_ = s.Validate() // it must answer, whatever it says
				}
			}
		}
		var report pb.Report
		if proto.Unmarshal(text, &report) == nil {
			_, _ = value[bridge.Report](&report) // the same
		}
		var intents pb.Intents
		if proto.Unmarshal(text, &intents) == nil {
			if in, err := value[intent.Intents](&intents); err == nil {
				_ = in.Validate() // the same
			}
		}
	})
}
