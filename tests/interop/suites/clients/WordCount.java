// Counts words by Kafka Streams: `java WordCount.java HOST:PORT NAME GUARANTEE DIRECTORY PROTOCOL`. Two threads, a repartition topic
// whose records are deleted behind its readers, a changelog that is compacted, a group of the new protocol over the result.

import java.time.Duration;
import java.util.*;
import org.apache.kafka.clients.admin.*;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.producer.*;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.*;
import org.apache.kafka.streams.*;
import org.apache.kafka.streams.kstream.*;

public class WordCount {
    static final int LINES = 2000;

    public static void main(String[] arguments) throws Exception {
        String bootstrap = arguments[0], name = arguments[1];
        Map<String, Object> common = Map.of("bootstrap.servers", bootstrap);
        try (Admin admin = Admin.create(common)) {
            admin.createTopics(List.of(new NewTopic(name + "-in", 4, (short) 1), new NewTopic(name + "-out", 2, (short) 1))).all().get();
            KafkaStreams streams = new KafkaStreams(topology(name), settings(bootstrap, name, arguments));
            streams.start();
            produce(common, name);
            Map<String, String> counts = read(bootstrap, name);
            check(counts.get("a").equals("" + LINES) && counts.get("c9").equals("" + LINES / 10), counts.toString());
            check(purged(admin, name), "nothing was deleted of the repartition topic");
            for (int tries = 0; tries < 60 && streams.state() != KafkaStreams.State.RUNNING; tries++) {
                Thread.sleep(500); // the second thread joins later than the first
            }
            check(streams.state() == KafkaStreams.State.RUNNING, streams.state().toString());
            check(streams.close(Duration.ofSeconds(20)), "does not close");
        }
        System.exit(0);
    }

    static void check(boolean holds, String otherwise) {
        if (!holds) {
            System.err.println("WRONG: " + otherwise);
            System.exit(1);
        }
    }

    static Topology topology(String name) {
        StreamsBuilder builder = new StreamsBuilder();
        builder.<String, String>stream(name + "-in").flatMapValues(line -> Arrays.asList(line.split(" ")))
            .groupBy((key, word) -> word).count(Materialized.as("counts")).toStream().mapValues(Object::toString).to(name + "-out");
        return builder.build();
    }

    static Properties settings(String bootstrap, String name, String[] arguments) {
        Properties settings = new Properties();
        settings.put("bootstrap.servers", bootstrap);
        settings.put("application.id", name);
        settings.put("state.dir", arguments[3]);
        settings.put("processing.guarantee", arguments[2]);
        settings.put("group.protocol", arguments[4]);
        settings.put("default.key.serde", Serdes.StringSerde.class);
        settings.put("default.value.serde", Serdes.StringSerde.class);
        settings.put("commit.interval.ms", "200");
        settings.put("auto.offset.reset", "earliest");
        settings.put("num.stream.threads", "2");
        settings.put("repartition.purge.interval.ms", "500");
        return settings;
    }

    static void produce(Map<String, Object> common, String name) {
        try (var producer = new KafkaProducer<>(common, new StringSerializer(), new StringSerializer())) {
            for (int i = 0; i < LINES; i++) {
                producer.send(new ProducerRecord<>(name + "-in", null, "a b c" + i % 10));
            }
        }
    }

    static Map<String, String> read(String bootstrap, String name) {
        Map<String, Object> settings = Map.of("bootstrap.servers", bootstrap, "group.id", name + "-reader", "auto.offset.reset",
            "earliest", "group.protocol", "consumer", "isolation.level", "read_committed");
        Map<String, String> counts = new TreeMap<>(Map.of("a", "", "c9", ""));
        try (var consumer = new KafkaConsumer<>(settings, new StringDeserializer(), new StringDeserializer())) {
            consumer.subscribe(List.of(name + "-out"));
            long end = System.currentTimeMillis() + 60_000;
            while (System.currentTimeMillis() < end && !(counts.get("a").equals("" + LINES) && counts.get("c9").equals("" + LINES / 10))) {
                consumer.poll(Duration.ofMillis(200)).forEach(record -> counts.put(record.key(), record.value()));
            }
        }
        return counts;
    }

    static boolean purged(Admin admin, String name) throws Exception {
        for (int tries = 0; tries < 40; tries++) {
            for (int number = 0; number < 4; number++) {
                var partition = new TopicPartition(name + "-counts-repartition", number);
                if (admin.listOffsets(Map.of(partition, OffsetSpec.earliest())).partitionResult(partition).get().offset() > 0) {
                    return true;
                }
            }
            Thread.sleep(500);
        }
        return false;
    }
}
