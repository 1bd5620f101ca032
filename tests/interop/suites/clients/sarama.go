// What a service written with sarama asks of a broker: `sarama HOST:PORT TOPIC VERSION`, speaking as of that version of Kafka.
package main

import (
	"context"
	"fmt"
	"log"
	"os"
	"time"

	"github.com/IBM/sarama"
)

const records = 300

func must(err error) {
	if err != nil {
		log.Fatal(err)
	}
}

type reader struct {
	count int
	done  chan bool
}

func (r *reader) Setup(sarama.ConsumerGroupSession) error   { return nil }
func (r *reader) Cleanup(sarama.ConsumerGroupSession) error { return nil }
func (r *reader) ConsumeClaim(session sarama.ConsumerGroupSession, claim sarama.ConsumerGroupClaim) error {
	for message := range claim.Messages() {
		session.MarkMessage(message, "")
		r.count++
		if r.count == records {
			r.done <- true
		}
	}
	return nil
}

func produce(bootstrap, topic string, config *sarama.Config) {
	producer, err := sarama.NewSyncProducer([]string{bootstrap}, config)
	must(err)
	for i := 0; i < records; i++ {
		_, _, err := producer.SendMessage(&sarama.ProducerMessage{Topic: topic, Value: sarama.StringEncoder(fmt.Sprint(i))})
		must(err)
	}
	must(producer.Close())
}

func consume(bootstrap, topic string, config *sarama.Config, admin sarama.ClusterAdmin) {
	group, err := sarama.NewConsumerGroup([]string{bootstrap}, topic, config)
	must(err)
	// One member at a time consumes one partition at a time: the topic has one.
	reader := &reader{done: make(chan bool, 1)}
	ctx, cancel := context.WithCancel(context.Background())
	go func() {
		for ctx.Err() == nil {
			group.Consume(ctx, []string{topic}, reader)
		}
	}()
	select {
	case <-reader.done:
	case <-time.After(30 * time.Second):
		log.Fatalf("%d of %d records", reader.count, records)
	}
	described, err := admin.DescribeConsumerGroups([]string{topic})
	must(err)
	if described[0].State != "Stable" {
		log.Fatalf("the group is %s", described[0].State)
	}
	cancel()
	must(group.Close())
}

func administer(topic string, admin sarama.ClusterAdmin) {
	offsets, err := admin.ListConsumerGroupOffsets(topic, map[string][]int32{topic: {0}})
	must(err)
	if offset := offsets.Blocks[topic][0].Offset; offset != records {
		log.Fatalf("the committed offset is %d", offset)
	}
	configs, err := admin.DescribeConfig(sarama.ConfigResource{Type: sarama.TopicResource, Name: topic})
	must(err)
	if len(configs) < 20 {
		log.Fatalf("only %d settings", len(configs))
	}
	must(admin.CreatePartitions(topic, 6, nil, false))
	must(admin.DeleteRecords(topic, map[int32]int64{0: 1}))
	must(admin.DeleteConsumerGroup(topic))
	must(admin.DeleteTopic(topic))
}

func main() {
	bootstrap, topic := os.Args[1], os.Args[2]
	config := sarama.NewConfig()
	version, err := sarama.ParseKafkaVersion(os.Args[3])
	must(err)
	config.Version = version
	config.Producer.Return.Successes = true
	config.Producer.Compression = sarama.CompressionSnappy
	config.Consumer.Offsets.Initial = sarama.OffsetOldest
	admin, err := sarama.NewClusterAdmin([]string{bootstrap}, config)
	must(err)
	must(admin.CreateTopic(topic, &sarama.TopicDetail{NumPartitions: 1, ReplicationFactor: 1}, false))
	produce(bootstrap, topic, config)
	consume(bootstrap, topic, config, admin)
	administer(topic, admin)
	must(admin.Close())
}
