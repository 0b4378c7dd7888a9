package io.coppice.embedded;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** Finds the handler of a request by its method and path. */
final class RegistryRouter {

  /** Answers a request. */
  @FunctionalInterface
  interface Handler {
    JsonNode handle(RegistryRequest request);
  }

  private record Route(String method, List<String> pattern, Handler handler) {

    /** The values of the pattern's variables, or null if the path does not fit. */
    Map<String, String> match(List<String> path) {
      if (path.size() != pattern.size()) {
        return null;
      }
      Map<String, String> variables = new HashMap<>();
      for (int i = 0; i < path.size(); i++) {
        String part = pattern.get(i);
        if (part.startsWith("{")) {
          variables.put(part.substring(1, part.length() - 1), path.get(i));
        } else if (!part.equals(path.get(i))) {
          return null;
        }
      }
      return variables;
    }
  }

  private final List<Route> routes = new ArrayList<>();

  /**
   * Adds a route.
   *
   * @param pattern a path such as {@code /subjects/{subject}/versions}; a part in braces is a variable
   */
  RegistryRouter on(String method, String pattern, Handler handler) {
    routes.add(new Route(method, split(pattern), handler));
    return this;
  }

  /**
   * Answers a request by the first route that fits.
   *
   * @param path its decoded parts
   * @throws RegistryError if no route fits, or the handler refuses
   */
  JsonNode dispatch(String method, List<String> path, Map<String, String> query, JsonNode body) {
    boolean known = false;
    for (Route route : routes) {
      Map<String, String> variables = route.match(path);
      if (variables == null) {
        continue;
      }
      if (route.method.equals(method)) {
        return route.handler.handle(new RegistryRequest(variables, query, body));
      }
      known = true;
    }
    throw known ? RegistryError.methodNotAllowed() : RegistryError.noSuchResource();
  }

  static List<String> split(String path) {
    List<String> parts = new ArrayList<>();
    for (String part : path.split("/", -1)) {
      if (!part.isEmpty()) {
        parts.add(part);
      }
    }
    return parts;
  }
}
