use std::collections::HashSet;

use crate::{Grant, GroupId, Subject, Target, ToolPattern, UserId};

/// Somebody who may be in some group. None is anybody, any group.
pub(super) type Member = (Option<UserId>, Option<GroupId>);

/// Something that is denied. None is everybody, everything, all tools.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Denied {
    pub(super) subject: Option<Subject>,
    pub(super) target: Option<Target>,
    pub(super) tools: Option<ToolPattern>,
}

impl Denied {
    /// What a deny grant denies.
    pub(super) fn by(grant: &Grant) -> Self {
        Self {
            subject: Some(grant.subject.clone()),
            target: Some(grant.target.clone()),
            tools: grant.tools.clone(),
        }
    }

    /// The same for those who may be in the group that it is for.
    pub(super) fn to<'m>(
        &'m self,
        members: &'m HashSet<Member>,
    ) -> impl Iterator<Item = Self> + 'm {
        let group = match &self.subject {
            Some(Subject::Group(group)) => Some(*group),
            _ => None,
        };
        let members = members
            .iter()
            .filter(move |(_, of)| group.is_some_and(|group| of.is_none_or(|of| of == group)));
        members.map(|(user, _)| Self { subject: user.map(Subject::User), ..self.clone() })
    }
}
