//! Settings as Python gives them, by Kafka's dotted names, made into those of logs.
//!
//! Invariant: a topic's settings are those of all logs with its own on top, also after either
//! changed. Names that do not concern a log (`min.insync.replicas`) are left to who knows them.

use std::collections::BTreeMap;

use logcore::LogConfig;

use crate::error::Outcome;

/// Values by name.
pub(crate) type Texts = BTreeMap<String, String>;

/// The settings of a broker's logs, as text.
#[derive(Debug, Default)]
pub(crate) struct Settings {
    /// Of all logs.
    pub(crate) default: Texts,
    /// By topic, what differs.
    pub(crate) topics: BTreeMap<String, Texts>,
}

fn config(base: LogConfig, texts: &Texts) -> Outcome<LogConfig> {
    let mut config = base;
    for (key, value) in texts {
        config.set(key, value)?;
    }
    Ok(config)
}

impl Settings {
    pub(crate) fn default_config(&self) -> Outcome<LogConfig> {
        config(LogConfig::default(), &self.default)
    }

    /// The settings of a topic with these of its own.
    pub(crate) fn with(&self, own: &Texts) -> Outcome<LogConfig> {
        config(self.default_config()?, own)
    }

    /// The settings of all topics that have some of their own.
    pub(crate) fn topic_configs(&self) -> Outcome<BTreeMap<String, LogConfig>> {
        let default = self.default_config()?;
        let configs = self
            .topics
            .iter()
            .map(|(topic, texts)| Ok((topic.clone(), config(default.clone(), texts)?)));
        configs.collect()
    }
}
