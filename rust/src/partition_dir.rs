//! Names of the directories in a log directory: which partition one holds, and in which state.
//!
//! `<topic>-<partition>` is a log. With `.<32 hex digits>-delete`, `-future` or `-stray` behind it is
//! one that goes, one that moves in, or one that belongs to nobody. Invariant: a name that is not
//! exactly of these forms is foreign, and nobody here touches it.

use crate::checkpoint::TopicPartition;
use crate::error::{LogError, Result};
use crate::partition_metadata::Uuid;

const NAME_BYTES_MAX: usize = 255;
const TOPIC_BYTES_MAX: usize = 249;
const ID_DIGITS: usize = 32;

/// What a directory holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PartitionDir {
    /// A log in use.
    Log(TopicPartition),
    /// A deleted log whose files may go.
    Deleted(TopicPartition),
    /// A log that is being moved here.
    Future(TopicPartition),
    /// A log that no longer belongs to this broker.
    Stray(TopicPartition),
}

impl PartitionDir {
    /// The meaning of a directory's name; `None` for a foreign one.
    pub fn parse(name: &str) -> Option<Self> {
        if let Some(partition) = parse_partition(name) {
            return Some(Self::Log(partition));
        }
        let (rest, state) = name.rsplit_once('-')?;
        let (partition, id) = rest.rsplit_once('.')?;
        let is_id = id.len() == ID_DIGITS && id.bytes().all(|byte| byte.is_ascii_hexdigit());
        let partition = parse_partition(partition).filter(|_| is_id)?;
        match state {
            "delete" => Some(Self::Deleted(partition)),
            "future" => Some(Self::Future(partition)),
            "stray" => Some(Self::Stray(partition)),
            _ => None,
        }
    }

    /// The name of a log's directory.
    ///
    /// # Errors
    /// `InvalidArgument` for a topic or partition that Kafka does not allow.
    pub fn name(partition: &TopicPartition) -> Result<String> {
        let name = format!("{}-{}", partition.topic, partition.partition);
        if is_topic(&partition.topic) && partition.partition >= 0 && name.len() <= NAME_BYTES_MAX {
            return Ok(name);
        }
        Err(LogError::InvalidArgument(format!(
            "{name:?} is no partition: a topic has 1 to {TOPIC_BYTES_MAX} letters, digits, dots, \
             underscores and dashes"
        )))
    }

    /// The name of a deleted log's directory; the topic is cut so that the name stays legal.
    pub fn deleted_name(partition: &TopicPartition, id: Uuid) -> String {
        let id = u128::from_be_bytes(id.0);
        let rest = format!("-{}.{id:032x}-delete", partition.partition);
        let topic: String =
            partition.topic.chars().take(NAME_BYTES_MAX.saturating_sub(rest.len())).collect();
        topic + &rest
    }
}

/// Whether a topic may have this name.
fn is_topic(topic: &str) -> bool {
    let legal = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'-');
    (1..=TOPIC_BYTES_MAX).contains(&topic.len())
        && topic.bytes().all(legal)
        && !matches!(topic, "." | "..")
}

fn parse_partition(name: &str) -> Option<TopicPartition> {
    let (topic, digits) = name.rsplit_once('-')?;
    let partition: i32 = digits.parse().ok().filter(|partition| *partition >= 0)?;
    // One partition has one name: no sign, no leading zero.
    let is_canonical = partition.to_string() == digits;
    (is_canonical && is_topic(topic)).then(|| TopicPartition { topic: topic.to_owned(), partition })
}
