-- What is known of accounts: which claims about groups were said of them, and who bound them.

-- Claims as provider:claim, with blanks between them. What put somebody in a group was said; of the
-- rest it cannot be told, so that the next sign-in has to say it.
alter table identities add column claims_said text not null default '';
update identities set claims_said = coalesce(
    (select group_concat(said.claim, ' ') from
        (select distinct c.provider_id || ':' || c.claim as claim
         from memberships m
         join claim_mappings c
             on c.group_id = m.group_id and m.source = 'claim:' || c.provider_id
         where m.user_id = identities.user_id) said), '');

-- Who bound an account before this is not known.
alter table identities add column by_address boolean not null default true;

-- When the provider issued the ID token, in seconds since 1970.
alter table sessions add column issued_at bigint;
