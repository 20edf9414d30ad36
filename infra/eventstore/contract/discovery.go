package contract

import (
	"slices"
	"strings"
	"testing"

	client "github.com/EventStore/EventStore-Client-Go/v4/esdb"
	"github.com/EventStore/EventStore-Client-Go/v4/protos/gossip"
	"github.com/EventStore/EventStore-Client-Go/v4/protos/serverfeatures"
	"github.com/EventStore/EventStore-Client-Go/v4/protos/shared"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
)

func discovery(t *testing.T, s *subject) {
	t.Run("the server tells its version", s.serverVersion)
	t.Run("and its methods", s.serverFeatures)
	t.Run("gossip names a living leader", s.gossip)
	t.Run("a client finds its way by gossip", s.byGossip)
}

// node is a connection for the stubs, which do no discovery of their own.
func (s *subject) node(t *testing.T) *grpc.ClientConn {
	t.Helper()
	conf, err := client.ParseConnectionString(s.connection)
	if err != nil {
		t.Fatal(err)
	}
	if !conf.DisableTLS || conf.Address == "" {
		t.Fatal("the stubs need a single node without TLS: TILL_TEST_EVENTSTORE=esdb://host:port?tls=false")
	}
	conn, err := grpc.NewClient(conf.Address, grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	return conn
}

func (s *subject) serverVersion(t *testing.T) {
	v, err := s.GetServerVersion()
	if err != nil || v.Major < 21 {
		t.Errorf("version %+v, %v", v, err)
	}
}

func (s *subject) serverFeatures(t *testing.T) {
	resp, err := serverfeatures.NewServerFeaturesClient(s.node(t)).GetSupportedMethods(bounded(t), &shared.Empty{})
	if err != nil {
		t.Fatal(err)
	}
	for _, method := range []string{"read", "append", "delete", "tombstone", "batchappend"} {
		if !slices.ContainsFunc(resp.GetMethods(), func(m *serverfeatures.SupportedMethod) bool {
			return m.GetServiceName() == "event_store.client.streams.streams" && m.GetMethodName() == method
		}) {
			t.Errorf("%s is not offered", method)
		}
	}
}

func (s *subject) gossip(t *testing.T) {
	info, err := gossip.NewGossipClient(s.node(t)).Read(bounded(t), &shared.Empty{})
	if err != nil {
		t.Fatal(err)
	}
	if !slices.ContainsFunc(info.GetMembers(), func(m *gossip.MemberInfo) bool {
		return m.GetIsAlive() && m.GetState() == gossip.MemberInfo_Leader && m.GetHttpEndPoint().GetAddress() != "" && m.GetHttpEndPoint().GetPort() != 0
	}) {
		t.Errorf("the members are %v", info.GetMembers())
	}
}

func (s *subject) byGossip(t *testing.T) {
	c := s.dial(t, strings.Replace(s.connection, "esdb://", "esdb+discover://", 1))
	if _, err := c.AppendToStream(bounded(t), s.stream(), client.AppendToStreamOptions{}, s.proposed(1)...); err != nil {
		t.Error(err)
	}
}
