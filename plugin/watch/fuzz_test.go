package watch_test

import (
	"testing"

	"github.com/l2sces/l2sces/plugin/watch"
)

// A record of anybody is read or refused.
func FuzzRecord(f *testing.F) {
	f.Add([]byte(`{"_id":"a","name":"s","operational-status":"running","network-slice-template":{"id":"t","netslice-subnet":[{"id":"a","nsd-ref":"n","_id":"x"}]},"_admin":{"modified":1.5,"nsiState":"INSTANTIATED","netslice-subnet":[{"nss-id":"a","nsr_id":"b","vimAccountId":"c","vld":[{"name":"d","wimAccountId":false,"provider-network":{"sdn-ports":[{"vlan":"7"}]}}]}]}}`))
	f.Add([]byte(`{"_id":"a","additionalParamsForNsi":{"l2sces":"!!yaml path:\n- a\n"},"network-slice-template":[]}`))
	f.Add([]byte(`{"_id":"a","instantiation_parameters":{"additionalParamsForNsi":{"l2sces":[1]}}}`))
	f.Fuzz(func(t *testing.T, text []byte) {
		if id, err := watch.ReadNSI(text); err == nil && id == "" {
			t.Error("a record without an id")
		}
		_ = watch.ReadNSR(text) // it may be none
	})
}
