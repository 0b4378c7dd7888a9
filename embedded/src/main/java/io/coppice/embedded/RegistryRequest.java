package io.coppice.embedded;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.Map;
import java.util.Optional;

/**
 * A request to the registry's REST API.
 *
 * @param path the values of the variables in the route's pattern
 * @param query the query's parameters
 * @param body the JSON that was sent; a missing node if there was none
 */
record RegistryRequest(Map<String, String> path, Map<String, String> query, JsonNode body) {

  /** The variable {@code subject}. */
  String subject() {
    return path.get("subject");
  }

  /** The variable {@code subject}, empty where the route has none. */
  Optional<String> subjectIfAny() {
    return Optional.ofNullable(subject());
  }

  /** Whether a parameter of the query is {@code true}. */
  boolean flag(String parameter) {
    return Boolean.parseBoolean(query.get(parameter));
  }
}
