-- Some days of ClickHouse's public table of GitHub's events, in the columns of gis/archive/tables.py that it can fill.
--
-- It has no ids of events, repositories, issues and accounts, does not say what is a pull request, and of a comment
-- neither the issue's text nor the author's role. So an event is known by what it says, a repository by its name, for
-- which a negative number stands, and what has events of a pull request at any time is one.
WITH line IN ('issue', 'comment') AS is_used
SELECT
    line,
    if(is_used, concat(name, '#', toString(issue), ' ', time, ' ', what, ' ', actor_login, ' ', toString(comment)), NULL)
        AS id,
    if(is_used, what, NULL) AS kind,
    if(is_used, time, NULL) AS at,
    if(is_used, nullIf(actor_login, ''), NULL) AS actor,
    -toInt64(cityHash64(lower(name)) % 4611686018427387904) - 1 AS repository_id,
    if(is_used, name, NULL) AS repository,
    toInt64(issue) AS number,
    if(line = 'issue', issue_title, NULL) AS title,
    if(line = 'issue', nullIf(text, ''), NULL) AS body,
    if(is_used, nullIf(issue_state, 'none'), NULL) AS state,
    if(is_used, is_locked = 1, NULL) AS locked,
    if(is_used, issue_labels, []) AS labels,
    if(is_used, toInt64(issue_comments), NULL) AS comment_count,
    if(line = 'issue' AND what = 'opened', own_time, NULL) AS created_at,
    if(is_used, closing, NULL) AS closed_at,
    if(line = 'issue', nullIf(creator, ''), NULL) AS author,
    if(line = 'issue', role, NULL) AS association,
    if(line = 'comment', toInt64(comment), NULL) AS comment_id,
    if(line = 'comment', text, NULL) AS comment_body,
    if(line = 'comment', own_time, NULL) AS comment_created_at,
    if(line = 'comment', nullIf(creator, ''), NULL) AS comment_author
FROM (
    SELECT
        multiIf(
            events.number = 0, 'malformed',
            (events.repo_name, events.number) IN (
                SELECT repo_name, number FROM {table} AS pulls
                WHERE event_type IN ('PullRequestEvent', 'PullRequestReviewEvent', 'PullRequestReviewCommentEvent')
                    AND repo_name IN (SELECT repo_name FROM {table} AS asked WHERE event_type = 'IssueCommentEvent' AND {asked})
            ), 'pull request',
            events.event_type = 'IssuesEvent', 'issue',
            'comment'
        ) AS line,
        toString(events.repo_name) AS name,
        events.number AS issue,
        concat(replaceOne(toString(events.created_at, 'UTC'), ' ', 'T'), 'Z') AS time,
        if(toUnixTimestamp(events.updated_at) = 0, time,  -- of the issue or the comment: the event may be later
            concat(replaceOne(toString(events.updated_at, 'UTC'), ' ', 'T'), 'Z')) AS own_time,
        multiIf(
            events.event_type = 'IssuesEvent', toString(events.action),
            events.action IN ('created', 'none'), 'commented',
            concat('comment ', toString(events.action))
        ) AS what,
        toString(events.actor_login) AS actor_login,
        events.comment_id AS comment,
        events.title AS issue_title,
        events.body AS text,
        toString(events.state) AS issue_state,
        events.locked AS is_locked,
        CAST(arrayMap(label -> tuple(toString(label)), events.labels), 'Array(Tuple(name String))') AS issue_labels,
        events.comments AS issue_comments,
        if(toUnixTimestamp(events.closed_at) = 0, NULL,
            concat(replaceOne(toString(events.closed_at, 'UTC'), ' ', 'T'), 'Z')) AS closing,
        toString(events.creator_user_login) AS creator,
        toString(events.author_association) AS role
    FROM {table} AS events
    WHERE events.event_type IN ('IssuesEvent', 'IssueCommentEvent') AND {wanted}
)
FORMAT Parquet
