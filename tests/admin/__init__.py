"""Administration of our broker, and of Apache Kafka by the same tests."""
