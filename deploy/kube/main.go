// Command kubelab is a whole Kubernetes in one program: etcd, the four parts of
// a control plane, the two of a node, and kubectl. Which of them it is depends
// on the name under which it is called, or on its first argument:
//
//	ln -s kubelab kube-apiserver && ./kube-apiserver --version
//	kubelab kubectl version --client
//
// It adds nothing of its own. One program is linked once and shares its pages
// of code between the processes that run it.
package main

import (
	"context"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"go.etcd.io/etcd/server/v3/etcdmain"
	"k8s.io/component-base/cli"
	_ "k8s.io/component-base/logs/json/register"          // --logging-format=json
	_ "k8s.io/component-base/metrics/prometheus/clientgo" // metrics of requests
	_ "k8s.io/component-base/metrics/prometheus/version"  // kubernetes_build_info
	kubectl "k8s.io/kubectl/pkg/cmd"
	kubectlutil "k8s.io/kubectl/pkg/cmd/util"
	apiserver "k8s.io/kubernetes/cmd/kube-apiserver/app"
	controllers "k8s.io/kubernetes/cmd/kube-controller-manager/app"
	proxy "k8s.io/kubernetes/cmd/kube-proxy/app"
	scheduler "k8s.io/kubernetes/cmd/kube-scheduler/app"
	kubelet "k8s.io/kubernetes/cmd/kubelet/app"
)

// parts are the programs that kubelab can be. Each gets its arguments, its own
// name first, and returns its exit status.
var parts = map[string]func(args []string) int{
	"etcd": func(args []string) int { etcdmain.Main(args); return 0 },

	"kube-apiserver":          server(func() *cobra.Command { return apiserver.NewAPIServerCommand() }),
	"kube-controller-manager": server(func() *cobra.Command { return controllers.NewControllerManagerCommand() }),
	"kube-scheduler":          server(func() *cobra.Command { return scheduler.NewSchedulerCommand() }),
	"kubelet":                 server(func() *cobra.Command { return kubelet.NewKubeletCommand(context.Background()) }),
	"kube-proxy":              server(func() *cobra.Command { return proxy.NewProxyCommand() }),

	"kubectl": func([]string) int {
		if err := cli.RunNoErrOutput(kubectl.NewDefaultKubectlCommand()); err != nil {
			kubectlutil.CheckErr(err) // says it in kubectl's words, and ends
		}
		return 0
	},
}

// server runs one of the daemons, which all are commands of cobra. The command
// is made only when it is wanted: making one registers flags for all.
func server(command func() *cobra.Command) func([]string) int {
	return func([]string) int { return cli.Run(command()) }
}

func main() {
	if len(os.Args) > 1 && parts[filepath.Base(os.Args[0])] == nil {
		os.Args = os.Args[1:]
	}
	run := parts[filepath.Base(os.Args[0])]
	if run == nil {
		fmt.Fprintln(os.Stderr, "usage: kubelab", strings.Join(slices.Sorted(maps.Keys(parts)), "|"), "ARGUMENTS")
		os.Exit(2)
	}
	os.Exit(run(os.Args))
}
