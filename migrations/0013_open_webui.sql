-- What gates have to tell each other of Open WebUIs.

-- The secrets that sign, as the gates of this company last had them: only what tells one from
-- another.
create table open_webui_secrets (
    id text primary key,
    fingerprint text not null,
    since bigint not null
);

-- What each gate says now, as JSON.
create table replica_chats (
    replica text primary key,
    said text not null,
    seen_at bigint not null
);

-- Accounts that were not let in, since the user of their address is bound to another one.
create table refused_accounts (
    issuer text not null,
    user_id uuid not null,
    subject text not null,
    at bigint not null,
    primary key (issuer, user_id)
);
