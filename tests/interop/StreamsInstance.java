// One instance of an application of Kafka Streams, and what feeds and reads it:
//   java StreamsInstance.java BOOTSTRAP NAME create                                    the topics NAME-in and NAME-out
//   java StreamsInstance.java BOOTSTRAP NAME produce FROM TO                           lines FROM to TO, three words each
//   java StreamsInstance.java BOOTSTRAP NAME read                                      the last count of each word
//   java StreamsInstance.java BOOTSTRAP NAME run PROTOCOL GUARANTEE DIRECTORY STANDBYS count words until stdin ends
// While it runs it tells its state, the tasks of its threads and who else runs some, a line whenever they change.

import java.time.Duration;
import java.util.*;
import java.util.stream.*;
import org.apache.kafka.clients.admin.*;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.producer.*;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.*;
import org.apache.kafka.streams.*;
import org.apache.kafka.streams.kstream.*;

public class StreamsInstance {
    public static void main(String[] arguments) throws Exception {
        String bootstrap = arguments[0], name = arguments[1];
        Map<String, Object> common = Map.of("bootstrap.servers", bootstrap);
        switch (arguments[2]) {
            case "create" -> create(common, name);
            case "produce" -> produce(common, name, Integer.parseInt(arguments[3]), Integer.parseInt(arguments[4]));
            case "read" -> read(bootstrap, name);
            default -> run(bootstrap, name, arguments);
        }
        System.exit(0);
    }

    static void create(Map<String, Object> common, String name) throws Exception {
        try (Admin admin = Admin.create(common)) {
            admin.createTopics(List.of(new NewTopic(name + "-in", 4, (short) 1), new NewTopic(name + "-out", 2, (short) 1))).all().get();
        }
    }

    static void produce(Map<String, Object> common, String name, int from, int to) {
        try (var producer = new KafkaProducer<>(common, new StringSerializer(), new StringSerializer())) {
            for (int i = from; i < to; i++) {
                producer.send(new ProducerRecord<>(name + "-in", i % 4, null, "a b" + i % 3 + " c" + i % 10));
            }
        }
    }

    static void read(String bootstrap, String name) {
        Map<String, Object> settings = Map.of("bootstrap.servers", bootstrap, "isolation.level", "read_committed");
        Map<String, String> counts = new TreeMap<>();
        try (var consumer = new KafkaConsumer<>(settings, new StringDeserializer(), new StringDeserializer())) {
            List<TopicPartition> partitions = List.of(new TopicPartition(name + "-out", 0), new TopicPartition(name + "-out", 1));
            consumer.assign(partitions);
            consumer.seekToBeginning(partitions);
            Map<TopicPartition, Long> ends = consumer.endOffsets(partitions);
            while (partitions.stream().anyMatch(each -> consumer.position(each) < ends.get(each))) {
                consumer.poll(Duration.ofMillis(100)).forEach(record -> counts.put(record.key(), record.value()));
            }
        }
        System.out.println(counts.entrySet().stream().map(each -> each.getKey() + "=" + each.getValue()).collect(Collectors.joining(" ")));
    }

    static void run(String bootstrap, String name, String[] arguments) throws Exception {
        StreamsBuilder builder = new StreamsBuilder();
        builder.<String, String>stream(name + "-in").flatMapValues(line -> Arrays.asList(line.split(" ")))
            .groupBy((key, word) -> word).count(Materialized.as("counts")).toStream().mapValues(Object::toString).to(name + "-out");
        Properties settings = new Properties();
        settings.put("bootstrap.servers", bootstrap);
        settings.put("application.id", name);
        settings.put("group.protocol", arguments[3]);
        settings.put("processing.guarantee", arguments[4]);
        settings.put("state.dir", arguments[5]);
        settings.put("application.server", java.nio.file.Path.of(arguments[5]).getFileName() + ":1");
        if (arguments[3].equals("classic")) { // with the other protocol it is a setting of the group
            settings.put("num.standby.replicas", arguments[6]);
        }
        settings.put("default.key.serde", Serdes.StringSerde.class);
        settings.put("default.value.serde", Serdes.StringSerde.class);
        settings.put("commit.interval.ms", "200");
        settings.put("auto.offset.reset", "earliest");
        settings.put("num.stream.threads", "2");
        KafkaStreams streams = new KafkaStreams(builder.build(), settings);
        streams.start();
        String told = "";
        while (System.in.available() == 0) {
            String now = "STATE " + streams.state() + " " + tasks(streams);
            if (!now.equals(told)) {
                System.out.println(told = now);
            }
            Thread.sleep(100);
        }
        System.out.println("CLOSED " + streams.close(Duration.ofSeconds(30)));
    }

    static String tasks(KafkaStreams streams) {
        Set<String> active = new TreeSet<>(), standby = new TreeSet<>();
        for (ThreadMetadata thread : streams.metadataForLocalThreads()) {
            thread.activeTasks().forEach(task -> active.add(task.taskId().toString()));
            thread.standbyTasks().forEach(task -> standby.add(task.taskId().toString()));
        }
        Set<String> hosts = new TreeSet<>();
        streams.metadataForAllStreamsClients().forEach(each -> {
            if (!each.topicPartitions().isEmpty()) {
                hosts.add(each.host());
            }
        });
        return "active=" + String.join(",", active) + " standby=" + String.join(",", standby) + " hosts=" + String.join(",", hosts);
    }
}
