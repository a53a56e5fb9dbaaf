package kubetest

import (
	"context"
	"path"
	"slices"
)

// A group of resources as the server describes it (apidiscovery.k8s.io/v2).
type group struct {
	Metadata struct{ Name string }
	Versions []struct {
		Version   string
		Resources []resource
	}
}

type resource struct {
	Resource string
	Verbs    []string
}

// Objects names everything that the server holds, one word each: group,
// version, resource, namespace and name. Two lists of before and after show
// what somebody left behind. Events are left out: loops of the server write them
// when it suits them, and they go by themselves.
func (s *Server) Objects(ctx context.Context) ([]string, error) {
	var all []string
	for _, root := range []string{"/api", "/apis"} {
		var groups struct{ Items []group }
		if err := s.read(ctx, root, "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList", &groups); err != nil {
			return nil, err
		}
		for _, g := range groups.Items {
			// The first version is the one that the server prefers. All have the
			// same objects.
			base := path.Join(root, g.Metadata.Name, g.Versions[0].Version)
			for _, r := range g.Versions[0].Resources {
				if r.Resource == "events" || !slices.Contains(r.Verbs, "list") {
					continue
				}
				names, err := s.names(ctx, base+"/"+r.Resource)
				if err != nil {
					return nil, err
				}
				all = append(all, names...)
			}
		}
	}
	slices.Sort(all)
	return all, nil
}

// names lists the objects of one resource.
func (s *Server) names(ctx context.Context, resource string) ([]string, error) {
	var list struct {
		Items []struct {
			Metadata struct{ Namespace, Name string }
		}
	}
	if err := s.read(ctx, resource, "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1,application/json", &list); err != nil {
		return nil, err
	}
	var names []string
	for _, item := range list.Items {
		names = append(names, path.Join(resource, item.Metadata.Namespace, item.Metadata.Name))
	}
	return names, nil
}
