// What a service written with kafkajs asks of a broker: `node kafkajs.js HOST:PORT TOPIC`, run where kafkajs is installed.
const assert = require('assert');
const { Kafka, logLevel, CompressionTypes } = require('kafkajs');

const [bootstrap, topic] = process.argv.slice(2);
const kafka = new Kafka({ clientId: 'kafkajs', brokers: [bootstrap], logLevel: logLevel.ERROR });

async function produceAndConsume(admin) {
  const producer = kafka.producer({ idempotent: true });
  await producer.connect();
  const messages = Array.from({ length: 100 }, (_, i) => ({ key: `k${i}`, value: `v${i}`, headers: { a: 'b' } }));
  await producer.send({ topic, compression: CompressionTypes.GZIP, messages });
  const consumer = kafka.consumer({ groupId: topic });
  await consumer.connect();
  await consumer.subscribe({ topic, fromBeginning: true });
  const seen = new Map();
  await new Promise((resolve) => {
    consumer.run({
      eachMessage: async ({ message }) => {
        assert.equal(message.headers.a.toString(), 'b');
        seen.set(message.key.toString(), message.value.toString());
        if (seen.size === messages.length) resolve();
      },
    });
  });
  assert.equal(seen.get('k7'), 'v7');
  assert.equal((await admin.describeGroups([topic])).groups[0].state, 'Stable');
  await consumer.disconnect();
  await producer.disconnect();
}

async function administer(admin) {
  const total = (partitions) => partitions.reduce((sum, one) => sum + Number(one.offset), 0);
  const [committed] = await admin.fetchOffsets({ groupId: topic, topics: [topic] });
  assert.equal(total(committed.partitions), 100);
  assert.equal(total(await admin.fetchTopicOffsets(topic)), 100);
  assert.equal(total(await admin.fetchTopicOffsetsByTimestamp(topic, Date.now() - 600000)), 0);
  await admin.resetOffsets({ groupId: topic, topic, earliest: true });
  const change = { type: 2, name: topic, configEntries: [{ name: 'retention.ms', value: '1000000' }] };
  await admin.alterConfigs({ resources: [change] });
  const { resources } = await admin.describeConfigs({ resources: [{ type: 2, name: topic }] });
  assert.equal(resources[0].configEntries.find((one) => one.configName === 'retention.ms').configValue, '1000000');
  await admin.deleteTopicRecords({ topic, partitions: [{ partition: 0, offset: '5' }] });
  const first = (await admin.fetchTopicOffsets(topic)).find((one) => one.partition === 0);
  assert.equal(first.low, '5');
  await admin.createPartitions({ topicPartitions: [{ topic, count: 5 }] });
  await admin.deleteGroups([topic]);
  await admin.deleteTopics({ topics: [topic] });
}

async function main() {
  const admin = kafka.admin();
  await admin.connect();
  assert.equal(await admin.createTopics({ topics: [{ topic, numPartitions: 3 }] }), true);
  assert.equal((await admin.describeCluster()).brokers.length, 1);
  await produceAndConsume(admin);
  await administer(admin);
  await admin.disconnect();
}

main().catch((error) => {
  console.error(error);
  process.exit(1);
});
