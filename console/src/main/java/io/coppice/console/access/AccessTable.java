package io.coppice.console.access;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.apache.kafka.common.acl.AccessControlEntry;
import org.apache.kafka.common.acl.AclBinding;
import org.apache.kafka.common.acl.AclOperation;
import org.apache.kafka.common.acl.AclPermissionType;
import org.apache.kafka.common.resource.PatternType;
import org.apache.kafka.common.resource.ResourcePattern;
import org.apache.kafka.common.resource.ResourceType;

/**
 * Who may do what, in a text file: lines of role, operations, type of resource, and names of resources. A name that ends with
 * {@code *} stands for all that begin so. A role is a user, except {@code {agent}}: that stands for every agent, in names of
 * resources, too. Empty lines and what follows a {@code #} are left out.
 */
public final class AccessTable {

  /** What stands for every agent. */
  static final String AGENT = "{agent}";

  private static final Map<String, ResourceType> RESOURCES =
      Map.of(
          "topic", ResourceType.TOPIC,
          "group", ResourceType.GROUP,
          "transactional-id", ResourceType.TRANSACTIONAL_ID,
          "cluster", ResourceType.CLUSTER);

  private static final Map<String, AclOperation> OPERATIONS =
      Stream.of(
              AclOperation.READ,
              AclOperation.WRITE,
              AclOperation.CREATE,
              AclOperation.DELETE,
              AclOperation.ALTER,
              AclOperation.DESCRIBE,
              AclOperation.DESCRIBE_CONFIGS,
              AclOperation.ALTER_CONFIGS)
          .collect(
              Collectors.toMap(
                  operation -> operation.name().toLowerCase(Locale.ROOT).replace('_', '-'),
                  operation -> operation));

  /** A line: a role may do this with each of these resources. */
  private record Grant(
      String role, List<AclOperation> operations, ResourceType type, List<String> names) {}

  private final List<Grant> grants;

  private AccessTable(List<Grant> grants) {
    this.grants = List.copyOf(grants);
  }

  /**
   * Reads a table.
   *
   * @throws UnreadableFileException if there is no such file, or a line is not as it should be
   */
  public static AccessTable read(Path file) {
    List<String> lines = TextLines.read(file);
    List<Grant> grants = new ArrayList<>();
    for (int i = 0; i < lines.size(); i++) {
      if (!lines.get(i).isEmpty()) {
        grants.add(grant(lines.get(i), file + ":" + (i + 1)));
      }
    }
    return new AccessTable(grants);
  }

  private static Grant grant(String line, String place) {
    String[] words = line.split("\\s+");
    if (words.length < 4) {
      throw new UnreadableFileException(
          place + ": a line has a role, operations, a type of resource, and names of resources.");
    }
    List<AclOperation> operations =
        Arrays.stream(words[1].split(","))
            .map(name -> known(OPERATIONS, name, "operation", place))
            .toList();
    ResourceType type = known(RESOURCES, words[2], "type of resource", place);
    return new Grant(
        words[0], operations, type, List.of(Arrays.copyOfRange(words, 3, words.length)));
  }

  private static <T> T known(Map<String, T> values, String name, String what, String place) {
    T value = values.get(name);
    if (value == null) {
      throw new UnreadableFileException(
          String.format(
              "%s: %s is no %s: there are %s.",
              place,
              name,
              what,
              values.keySet().stream().sorted().collect(Collectors.joining(", "))));
    }
    return value;
  }

  /** The users that are no agents, in the order of the table. */
  public List<String> roles() {
    return grants.stream().map(Grant::role).filter(role -> !role.equals(AGENT)).distinct().toList();
  }

  /**
   * The access control lists that the table comes to.
   *
   * @param agents names of the agents
   */
  public List<AclBinding> bindings(List<String> agents) {
    List<AclBinding> bindings = new ArrayList<>();
    for (Grant grant : grants) {
      for (String user : grant.role.equals(AGENT) ? agents : List.of(grant.role)) {
        for (String name : grant.names) {
          ResourcePattern resource = resource(grant.type, name.replace(AGENT, user));
          for (AclOperation operation : grant.operations) {
            bindings.add(
                new AclBinding(
                    resource,
                    new AccessControlEntry(
                        "User:" + user, "*", operation, AclPermissionType.ALLOW)));
          }
        }
      }
    }
    return bindings;
  }

  private static ResourcePattern resource(ResourceType type, String name) {
    boolean prefix = name.endsWith("*") && !name.equals(ResourcePattern.WILDCARD_RESOURCE);
    return prefix
        ? new ResourcePattern(type, name.substring(0, name.length() - 1), PatternType.PREFIXED)
        : new ResourcePattern(type, name, PatternType.LITERAL);
  }
}
