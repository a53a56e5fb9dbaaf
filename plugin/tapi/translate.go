package tapi

import (
	"fmt"
	"slices"

	"github.com/l2sces/l2sces/pkg/intent"
	"github.com/l2sces/l2sces/pkg/slice"
	"github.com/l2sces/l2sces/plugin/account"
	"github.com/l2sces/l2sces/plugin/restconf"
	"github.com/l2sces/l2sces/plugin/service"
)

// translate makes a service of a connectivity service: one network of two ends. The
// two directions of a pair are one network, since Ethernet goes both ways; either
// may come first, and go first. In the document, the ends get the UUIDs of their
// service interface points, by whatever name they were called.
func translate(l *link, who account.Account, dir directory) (service.Service, error) {
	kbps, err := l.kbps()
	if err != nil {
		return service.Service{}, err
	}
	network := intent.Network{Name: networkOf(l.UUID), Type: slice.VLink, BandwidthKbps: kbps}
	for i, end := range l.Ends {
		e, known := dir[end.SIP.UUID]
		if !known {
			path := fmt.Sprintf("%s/end-point[local-id='%.64s']/service-interface-point/service-interface-point-uuid", l.path(), end.LocalID)
			return service.Service{}, restconf.NotFoundf(path, "there is no service interface point %.64q", end.SIP.UUID)
		}
		if l.Ends[i].SIP.UUID = e.UUID; i > 0 && l.Ends[0].SIP == l.Ends[i].SIP {
			return service.Service{}, restconf.Errorf(restconf.InvalidValue, l.path()+"/end-point", "both ends are %.64q", end.SIP.UUID)
		}
		if !slices.Contains(network.Domains, e.Domain) {
			network.Domains = append(network.Domains, e.Domain)
		}
		if e.Workload == "" { // behind a domain there may be any number of ports
			network.Type = slice.VNet
			continue
		}
		network.Members = append(network.Members, intent.Member{Name: e.Workload, Domain: e.Domain, Interface: e.Interface})
	}
	s := service.Service{Key: service.Key{Door: service.TAPI, Account: who.Name, ID: idOf(l.UUID)}, Tenant: who.Tenant, Title: l.title()}
	s.Intents.Slice.Networks = []intent.Network{network}
	for _, d := range network.Domains {
		s.Intents.Slice.Domains = append(s.Intents.Slice.Domains, intent.Domain{Name: d})
	}
	if partner := l.partner(); partner != "" {
		s.Joins = []service.Join{{Network: network.Name, With: service.Key{Door: service.TAPI, Account: who.Name, ID: partner}}}
	}
	return s, nil
}

// networkOf names the network after the beginning of the UUID, which the two of a
// pair share: short enough for the name of an interface, and its own where one
// workload is in several networks.
func networkOf(uuid string) slice.NetworkName { return slice.NetworkName("eline-" + idOf(uuid)[:8]) }

// title is what people see.
func (l *link) title() string {
	if len(l.Names) > 0 && l.Names[0].Value != "" {
		return l.Names[0].Value
	}
	return "connectivity service " + l.UUID
}
