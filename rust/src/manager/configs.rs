//! The settings of a manager's logs: those of all, and those of single topics.
//!
//! Invariant: an open log has the settings that its topic has here. Changes and the creation of
//! logs exclude each other, so no log is opened with settings that are out of date when it is
//! found. `config.rs` knows what the settings mean.

use std::collections::BTreeMap;

use super::LogManager;
use crate::checkpoint::TopicPartition;
use crate::config::LogConfig;
use crate::error::Result;

/// The settings of all logs.
#[derive(Debug, Default)]
pub(super) struct Configs {
    /// Settings of logs whose topic has none of its own.
    pub(super) default: LogConfig,
    /// Settings by topic.
    pub(super) topics: BTreeMap<String, LogConfig>,
}

impl Configs {
    /// The settings of a topic's logs.
    pub(super) fn of(&self, topic: &str) -> &LogConfig {
        self.topics.get(topic).unwrap_or(&self.default)
    }

    pub(super) fn check(&self) -> Result<()> {
        self.default.check()?;
        self.topics.values().try_for_each(LogConfig::check)
    }
}

impl LogManager {
    /// Gives the logs of a topic settings of their own, or with `None` those of all others; open
    /// logs too.
    ///
    /// # Errors
    /// `InvalidConfig`; nothing is changed then.
    pub fn set_topic_config(&self, topic: &str, config: Option<LogConfig>) -> Result<()> {
        config.as_ref().map_or(Ok(()), LogConfig::check)?;
        let _one_at_a_time = self.changing.lock();
        let mut configs = self.configs.write();
        match config {
            Some(config) => drop(configs.topics.insert(topic.to_owned(), config)),
            None => drop(configs.topics.remove(topic)),
        }
        let config = configs.of(topic).clone();
        drop(configs);
        let logs = self.logs.read();
        let first = TopicPartition { topic: topic.to_owned(), partition: i32::MIN };
        let of_topic = logs.range(first..).take_while(|(partition, _)| partition.topic == topic);
        of_topic.into_iter().try_for_each(|(_, hosted)| hosted.log.set_config(config.clone()))
    }

    /// Replaces the settings of all logs: those of topics that are in `topics`, and those of all
    /// others; open logs too.
    ///
    /// # Errors
    /// `InvalidConfig`; nothing is changed then.
    pub fn set_configs(
        &self,
        default: LogConfig,
        topics: BTreeMap<String, LogConfig>,
    ) -> Result<()> {
        let configs = Configs { default, topics };
        configs.check()?;
        let _one_at_a_time = self.changing.lock();
        *self.configs.write() = configs;
        let configs = self.configs.read();
        self.logs.read().iter().try_for_each(|(partition, hosted)| {
            hosted.log.set_config(configs.of(&partition.topic).clone())
        })
    }
}
